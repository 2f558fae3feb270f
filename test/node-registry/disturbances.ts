import { expect, it } from "vitest";
import { EventStreamReader } from "../blackbox/event-stream-reader.ts";
import { waitUntil } from "../real/services/wait-until.ts";
import { breakingProxy } from "./breaking-proxy.ts";
import { ask, type RealRegistry, TOKENS } from "./real-registry.ts";

/** Fill what client, proxy, server and system hold of a body that nobody reads. */
const HEAVY_ROWS = 8_000;
const HEAVY_BYTES = 5_000;
const COMMANDS = 20;
const READERS = 40;
const WAIT_MS = 30_000;

const HEAVY = `insert into rollcall_node_registry.nodes_v1
    (node_id, id, hostname, role, labels, status, metadata, details, state_since)
  select 'heavy-' || n, 'heavy-' || n, 'heavy', 'heavy', '{}', 'online',
         jsonb_build_object('padding', repeat('x', ${HEAVY_BYTES})), '{}', now()
    from generate_series(1, ${HEAVY_ROWS}) as n`;
const END_SESSIONS = `select pg_terminate_backend(pid) from pg_stat_activity
  where datname = current_database() and pid <> pg_backend_pid()`;

/** All sessions of the store end while a list is written and commands are under way. */
export function lostSessions(registry: () => RealRegistry): void {
  it("breaks a list whose session is gone, and answers each command or says when to ask again", async () => {
    const { doors, processes } = registry();
    const register = (nth: number) =>
      ask("POST", `${doors[nth % 2]}/api/v1/nodes/register`, {
        as: "fleet",
        body: { node_id: `node-lost-${nth}`, hostname: "lost", role: "lost" },
      });
    const authorization = `Bearer ${TOKENS.reader}`;
    const list = () => fetch(`${doors[0]}/api/v1/nodes?role=heavy`, { headers: { authorization } });
    const proxy = await breakingProxy(doors[0]);
    const listByProxy = () =>
      fetch(`${proxy.url}/api/v1/nodes?role=heavy&envelope=true`, {
        headers: { authorization, "accept-encoding": "gzip" },
      });
    await registry().query(HEAVY);
    const slow = await Promise.all([list(), listByProxy()]);
    expect(slow.map(({ status }) => status)).toEqual([200, 200]);
    const readers = slow.map(({ body }) => body?.getReader());
    const first = await Promise.all(readers.map((reader) => reader?.read()));
    const commands = Array.from({ length: COMMANDS }, (_, nth) => register(nth));
    await registry()
      .query(END_SESSIONS)
      .catch(() => []);
    const rests = readers.map(async (reader, nth) => {
      const parts = [Buffer.from(first[nth]?.value ?? [])];
      for (let next = await reader?.read(); next && !next.done; next = await reader?.read())
        parts.push(Buffer.from(next.value));
      return JSON.parse(Buffer.concat(parts).toString()) as unknown;
    });
    const [direct, proxied] = await Promise.all(rests.map((rest) => rest.catch((error: Error) => error.message)));
    expect(direct).toBe("terminated");
    // Where a proxy says that it closes the connection `fetch` takes what it has got for all: it is no JSON.
    expect(proxied).toMatch(/terminated|JSON/);
    await proxy.close();
    for (const { status, headers } of await Promise.all(commands)) {
      expect([200, 503, 504]).toContain(status);
      if (status === 503) expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
    }
    const lines = (processes[0]?.said() ?? "")
      .split("\n")
      .filter((each) => each.includes("the list of listNodes, cut"));
    for (const { headers } of slow)
      expect(lines).toContainEqual(expect.stringContaining(headers.get("x-request-id") ?? "an id"));
    const again = async () => {
      const answers = await Promise.all(Array.from({ length: COMMANDS }, (_, nth) => register(nth)));
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
      expect((await (await list()).json()) as unknown[]).toHaveLength(HEAVY_ROWS);
    };
    await waitUntil(again, { what: "the registry, as before", timeoutMs: WAIT_MS });
    await registry().query("delete from rollcall_node_registry.nodes_v1 where role = 'heavy'");
    const journaled = await registry().query<{ entity_id: string }>(
      `select entity_id from rollcall.journal where kind = 'event' and entity_id like 'node-lost-%'`,
    );
    expect(journaled.map(({ entity_id }) => entity_id).toSorted()).toEqual(
      Array.from({ length: COMMANDS }, (_, nth) => `node-lost-${nth}`).toSorted(),
    );
    for (let nth = 0; nth < COMMANDS; nth++) await ask("DELETE", `${doors[0]}/api/v1/nodes/node-lost-${nth}`);
  });
}

/** A token is taken out of the file while its streams are open, and is back later. */
export function withdrawnToken(registry: () => RealRegistry): void {
  it("ends the streams of a token that is withdrawn, which miss and repeat nothing when it is back", async () => {
    const { doors, processes } = registry();
    const follow = (token: string, nth: number) =>
      new EventStreamReader(() => doors[nth % 2] ?? "", {
        path: "/api/v1/watch",
        headers: { authorization: `Bearer ${token}` },
      });
    const ids = (first: number): readonly string[] => [0, 1, 2].map((nth) => `node-withdrawn-${first + nth}`);
    const register = async (nodes: readonly string[]) => {
      for (const node_id of nodes) {
        const body = { node_id, hostname: node_id, role: "withdrawn" };
        expect((await ask("POST", `${doors[0]}/api/v1/nodes/register`, { as: "fleet", body })).status).toBe(200);
      }
    };
    const reload = (): void => processes.forEach((each) => each.signal("SIGHUP"));
    const readers = Array.from({ length: READERS }, (_, nth) => follow(TOKENS.reader, nth));
    const operators = [0, 1].map((nth) => follow(TOKENS.operator, nth));
    const all = [...readers, ...operators];
    try {
      await Promise.all(all.map((each) => each.connected()));
      await register(ids(0));
      await expect.poll(() => all.map(registered)).toEqual(all.map(() => ids(0)));
      registry().writeTokens(["operator", "fleet"]);
      reload();
      const wayOfEnding = ({ records }: EventStreamReader) =>
        records.flatMap(({ value }) => /"code":"(\w+)"/.exec(value)?.[1] ?? []);
      await expect.poll(() => readers.map(wayOfEnding)).toEqual(readers.map(() => ["WITHDRAWN"]));
      await register(ids(3));
      await expect.poll(() => operators.map(registered)).toEqual(operators.map(() => [...ids(0), ...ids(3)]));
      expect(operators.flatMap(wayOfEnding)).toEqual([]);
      expect(readers.map(registered)).toEqual(readers.map(() => ids(0)));
      for (const door of doors) expect((await ask("GET", `${door}/api/v1/nodes`, { as: "reader" })).status).toBe(401);

      registry().writeTokens([]);
      reload();
      const saysSo = () => processes.map((each) => each.said().includes("the tokens can't be reloaded"));
      await expect.poll(saysSo).toEqual([true, true]);
      registry().writeTokens();
      reload();
      await expect.poll(() => readers.map(registered)).toEqual(readers.map(() => [...ids(0), ...ids(3)]));
    } finally {
      for (const each of all) each.close();
    }
    for (const id of [...ids(0), ...ids(3)]) await ask("DELETE", `${doors[0]}/api/v1/nodes/${id}`);
  });
}

/** Each as often as the stream has told it. */
const registered = ({ records }: EventStreamReader): readonly string[] =>
  records
    .flatMap(({ value }) => {
      const { payload_type, payload } = JSON.parse(value) as {
        readonly payload_type?: string;
        readonly payload?: { readonly entity_id: string };
      };
      const id = payload_type === "NodeRegistered" ? payload?.entity_id : undefined;
      return id?.startsWith("node-withdrawn-") ? id : [];
    })
    .toSorted();
