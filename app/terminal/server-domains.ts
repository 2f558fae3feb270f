import type { Command } from "commander";
import type { DomainView } from "../http/server/domains.ts";
import { chooseDomain, type DomainOptions, withDomainOption } from "./domain-choice.ts";
import { callServer, type ServerOptions, withServerOptions } from "./server-client.ts";

export interface ServerDomainOptions extends ServerOptions, DomainOptions {}

/** `--url`, `--json` and `--domain`, for a command that asks a running server about one domain. */
export const withServerDomainOptions = (command: Command): Command => withDomainOption(withServerOptions(command));

/** The domains that a running server serves. */
async function servedDomains(server: Pick<ServerOptions, "url">): Promise<readonly DomainView[]> {
  const { items } = await callServer<{ items: DomainView[] }>(server, "/api/v1/domains");
  return items;
}

/** The names of the domains that a command concerns: the one that is named, else all of the server. */
export const wantedDomains = async ({ url, domain }: ServerDomainOptions): Promise<readonly string[]> =>
  domain === undefined ? (await servedDomains({ url })).map(({ name }) => name) : [domain];

/** The path of a domain's own routes: `/journal` -> `/api/v1/domains/parcels/journal`. */
export const pathOfDomain = (domain: string, path: string): string =>
  `/api/v1/domains/${encodeURIComponent(domain)}${path}`;

/**
 * The same for the domain that is named, else for the only one of the server.
 * @throws UsageError that lists them, when none is named and there are several
 */
export async function domainPath(server: Pick<ServerDomainOptions, "url" | "domain">, path: string): Promise<string> {
  const { domain } = server;
  return pathOfDomain(domain ?? chooseDomain(await servedDomains(server), undefined, "the server").name, path);
}
