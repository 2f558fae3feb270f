import { Fault } from "../runtime/core/fault.ts";
import type { HttpAccess } from "./http-access.ts";
import { RepeatedRequests } from "./repeated-requests.ts";

/** A flow as its node describes it. */
export interface OfferedFlow {
  readonly path: string;
  readonly name: string;
  readonly source: string;
  readonly description: string;
  readonly author: string;
  readonly organization: string;
  readonly published: string;
  readonly release: string;
  readonly [field: string]: unknown;
}

/** A node as the registry lists it, also when it is gone. Times are RFC 3339. */
export interface FlowNode {
  /** Its host, and its port where it is not 80. */
  readonly node: string;
  /** Since when it is connected; null: it is not. */
  readonly online: string | null;
  readonly heartbeat: string | null;
  readonly alive: boolean;
  readonly flows: readonly OfferedFlow[];
  readonly [field: string]: unknown;
}

const BYTES_MAX = 256 * 1024 * 1024;

/**
 * Reads a registry of flow nodes.
 *
 * Every method throws Fault SERVER_UNAVAILABLE, retryable, without an answer that can be believed, and SERVER_REFUSED,
 * not retryable, when the registry says no.
 */
export class FlowNodesClient {
  readonly #requests: RepeatedRequests;

  /** @param url of the registry: `http://flow-registry:9206` */
  constructor(
    url: string,
    {
      token,
      timeoutMs = 30_000,
      tries = 3,
    }: { readonly token?: string; readonly timeoutMs?: number; readonly tries?: number } = {},
  ) {
    const access: HttpAccess = { url, token };
    this.#requests = new RepeatedRequests(access, { timeoutMs, tries });
  }

  /** Those that are gone too: `alive` and `online` tell. @param filter `path`: who offers that flow */
  async getNodes({ path }: { readonly path?: string } = {}): Promise<readonly FlowNode[]> {
    const query = path === undefined ? "" : `?${new URLSearchParams({ path }).toString()}`;
    const request = { method: "GET", path: `/nodes${query}`, bytesMax: BYTES_MAX, expected: [200] } as const;
    const { body } = await this.#requests.send(request);
    const { nodes } = Object(body) as { readonly nodes?: readonly FlowNode[] };
    if (!Array.isArray(nodes))
      throw new Fault("SERVER_UNAVAILABLE", `GET ${request.path}: no nodes`, { retryable: true });
    return nodes;
  }

  /** Nodes that a flow can be launched at: connected, alive, and offering it. */
  async getOffers(path: string): Promise<readonly FlowNode[]> {
    return (await this.getNodes({ path })).filter(({ alive, online }) => alive && online !== null);
  }
}
