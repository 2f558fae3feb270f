import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DeadLetter, DeadLetterDetail } from "../../app/http/dead-letters/dead-letters.ts";
import type {
  RegistrationExplanation as Explanation,
  RegistrationTimelineItem as TimelineItem,
  RegistrationView,
} from "../../app/modules/registration/registration-view.ts";
import { HttpBench, lasting } from "./registration/http-bench.ts";

interface Page<Item> {
  readonly items: readonly Item[];
  readonly next_cursor: string | null;
}
let bench: HttpBench;
const NODES = ["read-a", "read-b", "read-c", "read-d", "read-e"];

beforeAll(async () => {
  bench = await HttpBench.open(lasting);
  for (const [index, node_id] of NODES.entries()) {
    const node = {
      node_id,
      node_type: index % 2 === 0 ? "effect" : "compute",
      node_name: `Node ${node_id.toUpperCase()}`,
    };
    await bench.publish("NodeIntrospectionEvent", {
      ...node,
      capabilities: index < 2 ? ["storage", 'it\'s "quoted"'] : [],
      endpoints: [`http://10.0.0.${index + 1}:8080`],
    });
  }
  for (const node_id of NODES) await bench.until(node_id, "AWAITING_ACK");
  await bench.publish("NodeRegistrationAcked", { node_id: "read-a" }, "?wait=active");
});
afterAll(() => bench.close());

const list = (query = "") => bench.ask<Page<RegistrationView>>(`/api/v1/registrations${query}`);
const idsOf = ({ body }: { body: Page<RegistrationView> }) => body.items.map(({ node_id }) => node_id);

describe("registrations", () => {
  it("shows one with its state, its attempt, its deadlines and its node", async () => {
    const { status, body } = await bench.ask<RegistrationView>("/api/v1/registrations/read-a");
    expect(status).toBe(200);
    expect(body).toMatchObject({
      node_id: "read-a",
      state: "ACTIVE",
      reducer_state: "complete",
      attempt: 1,
      node: { node_type: "effect", node_name: "Node READ-A", endpoints: { "endpoint-1": "http://10.0.0.1:8080" } },
      failures: [],
    });
    expect(body.registration_attempt_id).toMatch(/^[0-9a-f-]{36}$/);
    expect(Object.keys(body.deadlines)).toEqual(["liveness"]);
  });

  it("lists all of them, page by page", async () => {
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page = await list(`?limit=2${cursor === null ? "" : `&cursor=${cursor}`}`);
      seen.push(...idsOf(page));
      cursor = page.body.next_cursor;
    } while (cursor !== null);
    expect(seen).toEqual(NODES);
  });

  it.each([
    ["state=ACTIVE", ["read-a"]],
    ["state=REJECTED", []],
    ["reducer_state=complete&state=ACTIVE", ["read-a"]],
    ["reducer_state=failed", []],
    ["node_type=compute", ["read-b", "read-d"]],
    ["capability=storage", ["read-a", "read-b"]],
    [`capability=${encodeURIComponent('it\'s "quoted"')}&node_type=effect`, ["read-a"]],
    ["q=READ-c", ["read-c"]],
    ["q=node%20read-d", ["read-d"]],
    ["q=%25", []],
  ])("filters by %s", async (query, ids) => {
    expect(idsOf(await list(`?${query}`))).toEqual(ids);
  });

  it("refuses a cursor of another list", async () => {
    const { next_cursor } = (await list("?limit=2")).body;
    const forged = Buffer.from(JSON.stringify(["read-b"])).toString("base64url");
    const altered = `${next_cursor?.slice(0, -1)}${next_cursor?.endsWith("A") ? "B" : "A"}`;
    for (const query of [
      `?cursor=${forged}`,
      `?cursor=${altered}`,
      `?state=ACTIVE&cursor=${next_cursor}`,
      "?cursor=-1",
      "?cursor=%00",
    ]) {
      const answer = await bench.ask(`/api/v1/registrations${query}`);
      expect(answer).toMatchObject({ status: 400, body: { errors: [{ parameter: "cursor" }] } });
    }
  });

  it.each(["limit=0", "limit=501", "limit=-1", "limit=x", "node_type=robot", "q=", "state=A&state=B"])(
    "refuses %s",
    async (query) => {
      expect((await bench.ask(`/api/v1/registrations?${query}`)).status).toBe(400);
    },
  );
});

describe("a timeline", () => {
  const timeline = (query = "") => bench.ask<Page<TimelineItem>>(`/api/v1/registrations/read-a/timeline${query}`);

  it("has every message and event in order, with reasons", async () => {
    await expect.poll(async () => (await timeline()).body.items.map(({ type }) => type)).toContain("consul.set_status");
    const { items } = (await timeline()).body;
    expect(
      items.filter(({ kind }) => kind === "event").map(({ type, payload }) => [type, payload?.["entity_seq"]]),
    ).toEqual([
      ["NodeRegistrationInitiated", 1],
      ["NodeRegistrationAccepted", 2],
      ["NodeRegistrationAckReceived", 3],
      ["NodeBecameActive", 4],
    ]);
    const messages = items.filter(({ kind }) => kind === "message");
    expect(messages.at(0)).toMatchObject({
      type: "NodeIntrospectionEvent",
      state: "PENDING_REGISTRATION",
      result: "changed",
    });
    expect(messages.every(({ reason, note }) => reason !== null || note !== null)).toBe(true);
    expect(items.map(({ seq }) => seq)).toEqual(items.map(({ seq }) => seq).sort((a, b) => a - b));
  });

  it("is paged from its end, and no page divides a step from its events", async () => {
    const whole = (await timeline()).body.items;
    for (const limit of [1, 2, 3, 5]) {
      const pages: (readonly TimelineItem[])[] = [];
      for (let cursor: string | null = ""; cursor !== null;) {
        const page: Page<TimelineItem> = (await timeline(`?limit=${limit}${cursor && `&cursor=${cursor}`}`)).body;
        pages.unshift(page.items);
        cursor = page.next_cursor;
      }
      expect(pages.flat()).toEqual(whole);
      expect(pages.length).toBeGreaterThan(whole.length / (limit + 3));
      for (const [first, ...rest] of pages) {
        expect(first?.kind).not.toBe("event");
        expect(rest.length < limit || rest.every(({ kind }) => kind === "event")).toBe(true);
      }
    }
    const { next_cursor } = (await timeline("?limit=3")).body;
    const foreign = await bench.ask(`/api/v1/registrations/read-b/timeline?cursor=${next_cursor}`);
    expect(foreign.status).toBe(400);
  });

  it("names the intents of a step, and how each ended", async () => {
    const { items } = (await timeline()).body;
    const asked = items.flatMap(({ intents }) => intents);
    expect(asked.map(({ type }) => type).sort()).toEqual([
      ...["consul.register", "consul.set_status", "postgres.update_registration", "postgres.upsert_registration"],
    ]);
    for (const { id } of asked) expect(items.find(({ intent_id }) => intent_id === id)?.note).toBe("done");
  });

  it("has the envelopes of events as published, on request", async () => {
    const rows = await bench.system.store.query<{ value: Buffer }>(`select value from rollcall.bus_record`);
    const published = rows.map(({ value }) => value.toString());
    const envelopes = (await timeline("?envelopes=true")).body.items.flatMap(({ envelope }) => envelope ?? []);
    expect(envelopes).toHaveLength(4);
    for (const each of envelopes) expect(published).toContain(each);
    for (const item of (await timeline()).body.items) expect(item).not.toHaveProperty("envelope");
  });

  it("is 404 for an unknown node", async () => {
    expect((await bench.ask("/api/v1/registrations/nobody/timeline")).status).toBe(404);
  });
});

describe("an explanation", () => {
  const explain = async (nodeId: string) =>
    (await bench.ask<Explanation>(`/api/v1/registrations/${nodeId}/explanation`)).body;

  it("names what a node is waiting for, and what can change its state", async () => {
    await bench.publish("NodeIntrospectionEvent", {
      node_id: "read-b",
      node_type: "compute",
      node_name: "Node READ-B",
      capabilities: ["storage", 'it\'s "quoted"'],
      endpoints: ["http://10.0.0.2:8080"],
    });
    await expect.poll(async () => (await explain("read-b")).last_no_ops.length).toBe(1);
    const { text, ...parts } = await explain("read-b");
    expect(parts).toMatchObject({ known: true, state: "AWAITING_ACK", attempt: 1, trouble: [], dead_letters: [] });
    expect(parts.deadlines).toMatchObject([{ name: "ack", leads_to: ["ACK_TIMED_OUT"] }]);
    expect(parts.intents.map(({ type, status, note }) => [type, status, note])).toEqual([
      ["consul.register", "settled", "done"],
      ["postgres.upsert_registration", "settled", "done"],
    ]);
    expect(parts.moved_by).toContainEqual({ on: "NodeRegistrationAcked", when: null, leads_to: "ACTIVE" });
    expect(text).toMatch(
      new RegExp(
        "^read-b is AWAITING_ACK since .* in attempt 1.* would make it ACK_TIMED_OUT.* " +
          "Recent messages without effect: NodeIntrospectionEvent .*NodeRegistrationAcked leads to ACTIVE",
      ),
    );
  });

  it("finds the dead letters of an unknown node", async () => {
    const { topic } = bench.system.domain.consumed[0] as { topic: string };
    const key = Buffer.from("read-lost");
    await bench.system.bus.publish([{ topic, partition: 0, key, value: Buffer.from("{}"), headers: {} }], {
      timeoutMs: 5_000,
    });
    await expect.poll(async () => (await explain("read-lost")).dead_letters.length).toBe(1);
    const { known, text } = await explain("read-lost");
    expect([known, text]).toEqual([false, expect.stringContaining("INVALID_PAYLOAD")]);
  });
});

describe("discovery", () => {
  it("finds services by name, and with passing only those whose status is passing", async () => {
    const services = async (query: string) =>
      (await bench.ask<Page<{ node_id: string }>>(`/api/v1/services/onex-effect${query}`)).body.items.map(
        ({ node_id }) => node_id,
      );
    expect(await services("")).toEqual(["read-a", "read-c", "read-e"]);
    await expect.poll(() => services("?passing")).toEqual(["read-a"]);
    expect(await services("?passing=false")).toHaveLength(3);
    expect((await bench.ask("/api/v1/services/nothing")).body).toEqual({ items: [] });
  });
});

describe("dead letters", () => {
  const letters = async (query = "") => (await bench.ask<Page<DeadLetter>>(`/api/v1/dead-letters${query}`)).body;
  const bad = Buffer.from('{"node_id": "read-dlq", broken');

  it("are listed, shown, retried and dropped", async () => {
    const { topic } = bench.system.domain.consumed[1] as { topic: string };
    const message = { topic, partition: 1, key: Buffer.from("read-dlq"), value: bad, headers: { message_id: "one" } };
    await bench.system.bus.publish([message, { ...message, value: Buffer.from([0xff, 0x00]) }], { timeoutMs: 5_000 });
    await expect.poll(async () => (await letters(`?topic=${topic}`)).items.length).toBe(2);

    const first = await letters(`?topic=${topic}&limit=1`);
    const rest = await letters(`?topic=${topic}&limit=1&cursor=${first.next_cursor}`);
    const both = [...first.items, ...rest.items];
    expect(both.map(({ code }) => code)).toEqual(["MALFORMED_JSON", "MALFORMED_JSON"]);
    const whole = await Promise.all(
      both.map(async ({ id }) => (await bench.ask<DeadLetterDetail>(`/api/v1/dead-letters/${id}`)).body),
    );
    expect(whole.map(({ value, value_encoding }) => [value, value_encoding]).sort()).toEqual(
      [
        ["/wA=", "base64"],
        [bad.toString(), "utf8"],
      ].sort(),
    );
    expect(whole.map(({ headers }) => headers)).toEqual([{ message_id: "one" }, { message_id: "one" }]);

    const [{ id }] = both as [DeadLetter];
    const retried = await bench.ask<DeadLetter>(`/api/v1/dead-letters/${id}/retry`, { method: "POST" });
    expect([retried.status, typeof retried.body.retried_at]).toEqual([202, "string"]);
    await expect.poll(async () => (await letters(`?topic=${topic}`)).items.length).toBe(3);
    expect((await letters(`?topic=${topic}&retried=true`)).items.map((each) => each.id)).toEqual([id]);

    expect((await bench.ask(`/api/v1/dead-letters/${id}`, { method: "DELETE" })).status).toBe(204);
    expect((await bench.ask(`/api/v1/dead-letters/${id}`)).status).toBe(404);
    expect((await bench.ask("/api/v1/dead-letters/1")).status).toBe(400);
  });

  it("can't be retried when they were truncated", async () => {
    const { topic } = bench.system.domain.consumed[3] as { topic: string };
    const value = Buffer.alloc(262_145, 0x20);
    await bench.system.bus.publish([{ topic, partition: 2, key: null, value, headers: {} }], { timeoutMs: 5_000 });
    await expect.poll(async () => (await letters("?code=TOO_LARGE")).items.length).toBe(1);
    const [{ id, truncated }] = (await letters("?code=TOO_LARGE")).items as [DeadLetter];
    expect(truncated).toBe(true);
    expect((await bench.ask(`/api/v1/dead-letters/${id}/retry`, { method: "POST" })).status).toBe(409);
  });
});

describe("metrics and doctor", () => {
  it("exports Prometheus metrics, without a label for a node", async () => {
    // The count of nodes is cached for some seconds.
    const told = async () => (await bench.ask<string>("/metrics")).body;
    await expect.poll(told, { timeout: 30_000 }).toContain('rollcall_entities{domain="registration",state="ACTIVE"} 1');
    const { headers, body } = await bench.ask<string>("/metrics");
    expect(headers.get("content-type")).toContain("text/plain; version=0.0.4");
    expect(body).toContain(
      'rollcall_decisions_total{domain="registration",type="NodeIntrospectionEvent",result="changed"} 5',
    );
    expect(body).toMatch(/rollcall_dead_letters_total\{domain="registration",code="MALFORMED_JSON"\} \d/);
    expect(body).toMatch(/rollcall_intent_tries_total\{domain="registration",type="consul.register",result="done"\} 5/);
    expect(body).toContain('rollcall_partitions_owned{domain="registration"} 4');
    expect(body).toMatch(/rollcall_turn_duration_seconds_count\{domain="registration"\} \d+/);
    expect(body).toContain(
      'rollcall_http_requests_total{method="GET",route="/api/v1/registrations/:node_id",status="200"}',
    );
    expect(body).not.toContain("read-");
  });

  it("examines every part", async () => {
    const { body } = await bench.ask<{ ok: boolean; checks: { name: string; level: string }[] }>("/api/v1/doctor");
    expect(body.checks.filter(({ level }) => level === "finding")).toEqual([]);
    expect(body.ok).toBe(true);
    expect(body.checks).toContainEqual(expect.objectContaining({ name: "topic partitions", detail: "4 each" }));
    expect(body.checks).toContainEqual(expect.objectContaining({ name: "expiry guard", level: "ok" }));
  });
});
