import { expect } from "vitest";
import { getJson } from "./world.ts";

/** Of an entity, below a program's address. */
export const entityPath = (domain: string, id: string): string =>
  `/api/v1/domains/${domain}/entities/${encodeURIComponent(id)}`;

/** Sends a message to a domain of the program at an address, which takes it. */
export async function sendTo(url: string, domain: string, payload_type: string, payload: object): Promise<void> {
  const answer = await fetch(`${url}/api/v1/domains/${domain}/events`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ payload_type, payload }),
  });
  expect(answer.status, await answer.text()).toBe(202);
}

/** Undefined for an entity that the domain does not have. */
export const stateIn = async (url: string, domain: string, id: string): Promise<unknown> =>
  (await getJson<{ readonly state: unknown }>(`${url}${entityPath(domain, id)}`))?.state;
