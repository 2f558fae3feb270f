import type { CatalogEntry } from "../registration/world.ts";
import { getJson } from "../world.ts";

/** Everything on a node of Consul, as its own API tells it to those who look for services. */
export async function servicesOn(consul: string, node: string): Promise<readonly CatalogEntry[]> {
  const held = await getJson<ConsulNode | null>(`${consul}/v1/catalog/node/${node}`);
  const services = Object.values(held?.Services ?? {});
  const names = [...new Set(services.map(({ Service }) => Service))];
  const health = async (name: string, query: string): Promise<readonly ConsulHealth[]> => {
    const found = await getJson<ConsulHealth[]>(`${consul}/v1/health/service/${encodeURIComponent(name)}${query}`);
    return (found ?? []).filter(({ Node }) => Node.Node === node);
  };
  const entries = await Promise.all(
    names.map(async (name) => {
      const [all, ready] = await Promise.all([health(name, ""), health(name, "?passing")]);
      const passes = new Map<string, number>();
      for (const { Service } of ready) passes.set(Service.ID, (passes.get(Service.ID) ?? 0) + 1);
      return all.map(({ Service, Checks }) => {
        const check = Checks.find(({ ServiceID }) => ServiceID === Service.ID);
        return {
          serviceId: Service.ID,
          nodeId: Service.Meta?.["rollcall_node_id"] ?? Service.ID.replace(`${name}-`, ""),
          address: Service.Address,
          port: Service.Port === 0 ? null : Service.Port,
          tags: Service.Tags ?? [],
          // As often as `?passing` names it: twice would be a lie.
          passing: passes.get(Service.ID) === 1,
          note: check?.Output ?? "",
          version: Math.max(
            ...[Service.Meta?.["rollcall_version"], /\d+$/.exec(check?.Name ?? "")?.[0]].map((text) =>
              Number(text ?? 0),
            ),
          ),
        };
      });
    }),
  );
  return entries.flat();
}

interface ConsulNode {
  readonly Services: Readonly<Record<string, { readonly ID: string; readonly Service: string }>>;
}
interface ConsulHealth {
  readonly Node: { readonly Node: string };
  readonly Service: {
    readonly ID: string;
    readonly Address: string;
    readonly Port: number;
    readonly Tags: readonly string[] | null;
    readonly Meta: Readonly<Record<string, string>> | null;
  };
  readonly Checks: readonly { readonly ServiceID: string; readonly Name: string; readonly Output: string }[];
}
