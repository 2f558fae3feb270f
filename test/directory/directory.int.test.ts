import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { servedRegistry, type ServedRegistry } from "../node-registry/served-registry.ts";

interface Listed {
  readonly items: readonly Readonly<Record<string, unknown>>[];
  readonly next_cursor: string | null;
}

let registry: ServedRegistry;
beforeAll(async () => {
  registry = await servedRegistry();
  for (const [id, role, labels] of [
    ["n-1", "worker", ["gpu", "eu"]],
    ["n-2", "worker", ["eu"]],
    ["n-3", "router", []],
  ] as const)
    await registry.ask("POST", "/api/v1/nodes/register", { node_id: id, hostname: `host-${id}`, role, labels });
});
afterAll(() => registry.close());

async function list(query = ""): Promise<Listed & { readonly status: number }> {
  const response = await fetch(`${registry.hostUrl}/api/v1/directory${query}`);
  return { status: response.status, ...((await response.json()) as Listed) };
}
const idsOf = async (query: string): Promise<readonly unknown[]> => (await list(query)).items.map(({ id }) => id);

describe("the directory", () => {
  it("has what a domain tells of its entities, as of their last turn", async () => {
    const { items } = await list("?name=host-n-1");
    expect(items).toEqual([
      {
        ...{ domain: "node_registry", id: "n-1", name: "host-n-1", kind: "worker", status: "online" },
        ...{ endpoints: ["host-n-1"], labels: ["gpu", "eu"], since: expect.any(String), unserved_since: null },
      },
    ]);
    await registry.ask("PUT", "/api/v1/nodes/n-1/out-of-service", { mode: "draining" });
    expect(await idsOf("?status=draining")).toEqual(["n-1"]);
    await registry.ask("DELETE", "/api/v1/nodes/n-3");
    expect(await idsOf("")).toEqual(["n-1", "n-2"]);
  });

  it("is narrowed by domain, kind and labels", async () => {
    expect(await idsOf("?kind=worker&label=eu&label=gpu")).toEqual(["n-1"]);
    expect(await idsOf("?domain=node_registry&label=eu")).toEqual(["n-1", "n-2"]);
    expect(await idsOf("?domain=others")).toEqual([]);
  });

  it("goes on behind its last entry, also in another domain, and only with the same filters", async () => {
    // As a domain leaves it that is not served any more, in a store of which nobody here has its code.
    await registry.sql("create schema rollcall_walks");
    await registry.sql("create table rollcall_walks.directory_v3 (like rollcall_node_registry.directory_v1)");
    await registry.sql("insert into rollcall_walks.directory_v3 select * from rollcall_node_registry.directory_v1");
    await registry.sql(`insert into rollcall.projection (domain, name, version, layout, view, since)
      values ('walks', 'directory', 3, 'x', '', now())`);
    await registry.sql(`insert into rollcall.partition_owner
      select (jsonb_populate_record(o, '{"domain": "walks", "served_at": "2026-01-31T12:00:00Z"}')).*
        from rollcall.partition_owner o where domain = 'node_registry'`);
    const all: unknown[] = [];
    let query = "?limit=1";
    for (let page = await list(query); ; page = await list(query)) {
      all.push(...page.items.map(({ domain, id, unserved_since }) => [domain, id, unserved_since]));
      if (page.next_cursor === null) break;
      query = `?limit=1&cursor=${page.next_cursor}`;
    }
    expect(all).toEqual([
      ["node_registry", "n-1", null],
      ["node_registry", "n-2", null],
      ["walks", "n-1", "2026-01-31T12:00:00.000Z"],
      ["walks", "n-2", "2026-01-31T12:00:00.000Z"],
    ]);
    expect((await list(`${query}&kind=worker`)).status).toBe(400);
    expect((await list("?limit=0")).status).toBe(400);
  });

  it("is a projection, which can be compared and computed anew", async () => {
    const at = `${registry.hostUrl}/api/v1/domains/node_registry/projections/directory`;
    await registry.sql("update rollcall_node_registry.directory_v1 set status = 'lost'");
    const post = async (verb: string, body: object): Promise<unknown> =>
      (
        await fetch(`${at}/${verb}`, {
          ...{ method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) },
        })
      ).json();
    expect(await post("verify", {})).toMatchObject({ differences: [{ entity_id: "n-1" }, { entity_id: "n-2" }] });
    await post("rebuild", { reason: "a test" });
    expect(await post("verify", {})).toMatchObject({ differences: [] });
  });
});
