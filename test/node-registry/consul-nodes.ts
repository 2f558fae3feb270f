import { getJson } from "../blackbox/world.ts";

interface Health {
  readonly Node: { readonly Node: string };
  readonly Service: {
    readonly ID: string;
    readonly Address: string;
    readonly Tags: readonly string[] | null;
    readonly Meta: Readonly<Record<string, string>>;
  };
  readonly Checks: readonly { readonly ServiceID: string; readonly Output: string }[];
}

/** A registry's nodes of a role, as Consul's own API tells them to those who look for them. */
export class ConsulNodes {
  readonly #consul: string;
  readonly #node: string;
  readonly #service: string;

  constructor(consul: string, namespace: string, service: string) {
    this.#consul = consul;
    this.#node = `rollcall-dev-${namespace}`;
    this.#service = service;
  }

  /** By node id: those that are ready for work. */
  async healthy(): Promise<readonly string[]> {
    return (await this.#ask("?passing=true")).map(({ Service }) => Service.Meta["node_id"] ?? "").sort();
  }

  /** All that are there, by node id, each with what its check says. */
  async all(): Promise<Readonly<Record<string, string>>> {
    const found = await this.#ask("");
    const notes = found.map(({ Service, Checks }) => {
      const own = Checks.find(({ ServiceID }) => ServiceID === Service.ID);
      return [Service.Meta["node_id"] ?? "", own?.Output ?? ""] as const;
    });
    return Object.fromEntries(notes.toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }

  async of(nodeId: string): Promise<Health["Service"] | undefined> {
    return (await this.#ask("")).find(({ Service }) => Service.Meta["node_id"] === nodeId)?.Service;
  }

  /** As somebody else may. */
  async remove(serviceId: string): Promise<void> {
    const body = JSON.stringify({ Node: this.#node, ServiceID: serviceId });
    await fetch(`${this.#consul}/v1/catalog/deregister`, { method: "PUT", body });
  }

  async #ask(query: string): Promise<readonly Health[]> {
    const found = await getJson<Health[]>(`${this.#consul}/v1/health/service/${this.#service}${query}`);
    return (found ?? []).filter(({ Node }) => Node.Node === this.#node);
  }
}
