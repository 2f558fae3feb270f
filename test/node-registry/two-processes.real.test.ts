import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import { NodeRegistryClient } from "../../client/node-registry-client.ts";
import { EventStreamReader } from "../blackbox/event-stream-reader.ts";
import { describeReal } from "../real/services/describe-real.ts";
import { lostSessions, withdrawnToken } from "./disturbances.ts";
import { Fleet } from "./fleet.ts";
import { type Listed, listAt } from "./list-watch.ts";
import { ask, RealRegistry, TOKENS } from "./real-registry.ts";
import { fallSilent } from "./silence.ts";

const FLEET = 200;
/** Until everything is shown with few nodes; then of the fleet. */
const LONG_SECONDS = 600;
const LEASE_SECONDS = 9;
const TEST_MS = 180_000;
/** Over all partitions, so that each process decides for some of them. */
const NODES = Array.from({ length: 8 }, (_, nth) => `node-both-${nth}`);
/** What JSON, a line of a log or a stream of events could take for its own. */
const HOSTILE = "a\rdata: x\r\rid: 99999\n\nevent: NodeRevoked\n\u2028\u0085b";

describeReal("a registry in two processes", (services) => {
  let registry: RealRegistry;
  let stream: EventStreamReader;
  beforeAll(async () => {
    registry = await RealRegistry.open(services, {
      leaseSeconds: LONG_SECONDS,
      edits: [["http", "    payload: take_node_out\n", "    payload: take_node_out\n    if_match: true\n"]],
    });
    let connections = 0;
    // Each connection is to the other process, and goes on where the one before has ended.
    stream = new EventStreamReader(() => registry.doors[connections++ % 2] ?? "", {
      path: "/api/v1/watch",
      headers: { authorization: `Bearer ${TOKENS.reader}` },
    });
    await stream.connected();
  });
  afterAll(async () => {
    stream.close();
    await registry.close();
  });

  const a = (path: string): string => `${registry.doors[0]}/api/v1/nodes${path}`;
  const b = (path: string): string => `${registry.doors[1]}/api/v1/nodes${path}`;
  const both = [a, b] as const;
  const described = (node_id: string, more: object = {}) => ({ node_id, hostname: node_id, role: "both", ...more });
  const register = (at: typeof a, node_id: string, more: object = {}, headers = {}) =>
    ask("POST", at("/register"), { as: "fleet", body: described(node_id, more), headers });
  const beat = (at: typeof a, node_id: string) => ask("POST", at("/heartbeat"), { as: "fleet", body: { node_id } });
  /** Of the nodes, as the stream has told them; each event is told once. */
  const told = (...ids: readonly string[]): readonly string[] =>
    stream.records.flatMap(({ value }) => {
      const { payload_type, payload } = JSON.parse(value) as {
        payload_type?: string;
        payload?: { entity_id: string };
      };
      return payload_type !== undefined && payload && ids.includes(payload.entity_id)
        ? `${payload.entity_id} ${payload_type}`
        : [];
    });

  it("shows at the one what was registered at the other, at once and alike", async () => {
    for (const [nth, id] of NODES.entries()) {
      const [here, there] = nth % 2 === 0 ? [a, b] : [b, a];
      const registered = await register(here, id, { labels: ["l"], metadata: { note: HOSTILE } });
      expect(registered).toMatchObject({ status: 200, body: { node_id: id, status: "online" } });
      const shown = await ask("GET", there(`/${id}`));
      expect(shown.body).toEqual(registered.body);
      expect(shown.body["metadata"]).toEqual({ note: HOSTILE });
      const listed = await ask<readonly Listed[]>("GET", there("?role=both&label=l"));
      expect(listed.body.map(({ node_id }) => node_id)).toEqual(NODES.slice(0, nth + 1));
    }
    const client = new NodeRegistryClient(registry.doors[1], { token: TOKENS.reader });
    expect((await client.getAvailableNodes({ role: "both" })).map(({ node_id }) => node_id)).toEqual(NODES);
  });

  it("takes beats at either, and tells at both of the last one", async () => {
    for (const id of NODES)
      for (const at of both) {
        const { status, body } = await beat(at, id);
        expect([id, status]).toEqual([id, 200]);
        for (const other of both)
          expect((await ask("GET", other(`/${id}`))).body["last_heartbeat"]).toBe(body["last_heartbeat"]);
      }
  });

  it("has one ETag of a node, by which the second of two writers is refused, wherever they are", async () => {
    const id = NODES[0] ?? "";
    const tagAt = async (at: typeof a) => (await ask("GET", at(`/${id}`))).headers.get("etag") ?? "";
    const tag = await tagAt(a);
    expect(await tagAt(b)).toBe(tag);
    expect((await fetch(b(`/${id}`), { headers: { ...reader, "if-none-match": tag } })).status).toBe(304);
    const takeOut = (at: typeof a, seen: string, mode: string) =>
      ask("PUT", at(`/${id}/out-of-service`), { body: { mode }, headers: { "if-match": seen } });
    const answers = await Promise.all([takeOut(a, tag, "maintenance"), takeOut(b, tag, "draining")]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412]);
    const now = await tagAt(a);
    expect(now).not.toBe(tag);
    expect(answers.map(({ headers }) => headers.get("etag"))).toEqual([now, now]);
    expect((await ask("GET", b(`/${id}`), { headers: { "if-none-match": tag } })).status).toBe(200);
    const loser = answers[0]?.status === 200 ? "draining" : "maintenance";
    expect(await takeOut(b, now, loser)).toMatchObject({ status: 200, body: { status: loser } });
  });
  const reader = { authorization: `Bearer ${TOKENS.reader}` };

  it("gives the same answer to the same Idempotency-Key at both, and takes the message once", async () => {
    for (const nth of [0, 1, 2, 3]) {
      const id = `node-keyed-${nth}`;
      const key = { "idempotency-key": id };
      const [one, other] = await Promise.all(both.map((at) => register(at, id, {}, key)));
      expect([one?.status, other?.status]).toEqual([200, 200]);
      expect(other?.body).toEqual(one?.body);
      expect((await register(b, id, { labels: ["other"] }, key)).status).toBe(422);
      const lines = await registry.query(
        `select 1 from rollcall.journal where domain = 'node_registry' and entity_id = '${id}' and kind = 'message'`,
      );
      expect(lines).toHaveLength(1);
      await ask("DELETE", b(`/${id}`));
    }
  });

  it("revokes at the one what then neither beats nor registers at the other", async () => {
    const id = NODES[1] ?? "";
    expect((await ask("DELETE", a(`/${id}`), { body: { reason: "sold" } })).body["status"]).toBe("revoked");
    expect([(await beat(b, id)).status, (await register(b, id)).status]).toEqual([403, 403]);
    expect((await ask("GET", b(`/${id}`))).body).toMatchObject({ status: "revoked", revoked: { reason: "sold" } });
    const goodbye = { node_id: NODES[2], status: "offline" };
    expect((await ask("POST", b("/heartbeat"), { as: "fleet", body: goodbye })).body["status"]).toBe("offline");
    expect((await ask("GET", a(`/${NODES[2]}`))).body).toMatchObject({ silent: { why: "it said so" } });
  });

  it("streams all of it, whichever process a reader is connected to", async () => {
    const [out = "", revoked = "", gone = ""] = NODES;
    await expect
      .poll(() => told(out, revoked, gone).toSorted())
      .toEqual(
        [
          ...[`${out} NodeRegistered`, `${out} NodeTakenOut`, `${out} NodeTakenOut`],
          ...[`${revoked} NodeRegistered`, `${revoked} NodeRevoked`],
          ...[`${gone} NodeRegistered`, `${gone} NodeWentOffline`],
        ].toSorted(),
      );
  });

  it("takes no operator's word from Kafka, though it has the door of one that was", async () => {
    const [out = "", , , other = ""] = NODES;
    await registry.caughtUp();
    const copied = registry
      .logged(registry.inputTopic("RegisterNode"))
      .find(({ key, value }) => String(key) === out && String(value).includes("TakeNodeOut"));
    const envelope = JSON.parse(String(copied?.value)) as object;
    const forged = JSON.stringify({ ...envelope, envelope_id: randomUUID() }).replaceAll(out, other);
    await registry.send("RegisterNode", { key: other, value: forged, headers: { ...copied?.headers } });
    expect(copied?.headers).toHaveProperty("rollcall-door");
    const declined = () =>
      registry.query(`select line::text from rollcall.journal where entity_id = '${other}' and result = 'declined'`);
    await expect.poll(declined).toHaveLength(1);
    expect(JSON.stringify(await declined())).toContain("DOOR_REQUIRED");
    expect((await ask("GET", a(`/${other}`))).body).toMatchObject({ status: "online", taken_out: null });
  });

  it("refuses an id from Kafka that nobody could ask for, and holds up nothing", async () => {
    const bad = ["n".repeat(256), "", "n".repeat(100_000), "no/id", "no id"];
    for (const node_id of bad)
      await registry.send("RegisterNode", {
        key: "node-behind",
        value: JSON.stringify({ payload_type: "RegisterNode", payload: { node_id, hostname: "h", role: "long" } }),
        headers: {},
      });
    expect((await register(a, "node-behind")).status).toBe(200);
    const letters = () =>
      registry.query<{ code: string }>(
        `select error_code as code from rollcall.dead_letter where error like '%node_id%'`,
      );
    await expect.poll(async () => (await letters()).map(({ code }) => code)).toEqual(bad.map(() => "INVALID_PAYLOAD"));
    expect((await ask<readonly Listed[]>("GET", b("?role=long"))).body).toEqual([]);
    await ask("DELETE", b("/node-behind"));
  });

  lostSessions(() => registry);
  withdrawnToken(() => registry);

  it("takes a reload of the one process for both", async () => {
    for (const id of NODES) await ask("DELETE", b(`/${id}`));
    registry.edit(["orchestrator", `${LONG_SECONDS}s`, `${LEASE_SECONDS}s`]);
    registry.processes[1]?.signal("SIGHUP");
    for (const at of both) {
      // A lease that was granted is not shortened.
      const leaseOfNew = async () => {
        await ask("DELETE", at("/node-lease"));
        await ask("POST", at("/node-lease/readmission"));
        return (await register(at, "node-lease")).body["lease"];
      };
      await expect.poll(leaseOfNew).toMatchObject({ ttl_seconds: LEASE_SECONDS });
      await ask("DELETE", at("/node-lease"));
    }
  });

  it(
    "lists nobody who beats as offline, and all who fell silent, though one is killed and comes back",
    { timeout: TEST_MS },
    async () => {
      const leaseMs = LEASE_SECONDS * 1_000;
      const fleet = new Fleet({ size: FLEET, beatMs: leaseMs / 3, doors: registry.doors });
      await fleet.begin();
      const out = fleet.ids.at(-1) ?? "";
      const word = { body: { mode: "maintenance", reason: "new disks" }, headers: { "if-match": "*" } };
      expect((await ask("PUT", b(`/${out}/out-of-service`), word)).status).toBe(200);
      const { silent, beating, wronged, whileHeld, atTheEnd } = await fallSilent(registry, fleet, leaseMs);
      expect(beating.length).toBeGreaterThan(0);
      expect(wronged).toEqual(new Map());
      expect([...whileHeld]).toContain("online");
      for (const id of silent) {
        const { status, last_heartbeat, silent: silence } = atTheEnd.get(id) as Listed;
        expect([id, status, silence?.why]).toEqual([id, "offline", "no heartbeat within its lease"]);
        expect(Date.parse(silence?.since ?? "") - Date.parse(last_heartbeat ?? "")).toBeGreaterThanOrEqual(leaseMs);
      }
      for (const id of beating)
        expect(atTheEnd.get(id)).toMatchObject({ status: id === out ? "maintenance" : "online", silent: null });
      const client = new NodeRegistryClient(registry.doors[0], { token: TOKENS.reader });
      const available = (await client.getAvailableNodes({ role: "worker" })).map(({ node_id }) => node_id);
      expect(available).not.toContain(out);
      expect(silent.filter((id) => available.includes(id))).toEqual([]);
      await expect
        .poll(() => told(...silent).toSorted())
        .toEqual(silent.flatMap((id) => [`${id} NodeRegistered`, `${id} NodeWentOffline`]).toSorted());
      expect(told(...beating).toSorted()).toEqual(
        beating.flatMap((id) => [`${id} NodeRegistered`, ...(id === out ? [`${id} NodeTakenOut`] : [])]).toSorted(),
      );
    },
  );

  it("has told no token to a log, a list or a stream", async () => {
    expect(registry.leaks).toEqual([]);
    expect(stream.records.filter(({ value }) => value.includes("canary-"))).toEqual([]);
    for (const door of registry.doors) expect(JSON.stringify((await listAt(door)).body)).not.toContain("canary-");
  });
});
