import { afterAll, beforeAll, expect, it } from "vitest";
import { HttpBench, lasting } from "../app/registration/http-bench.ts";
import { describePage } from "./describe-page.ts";
import { tabTo } from "./keyboard.ts";
import { type PageSession, openPage } from "./page-session.ts";

const PATIENCE = { timeout: 60_000 };

describePage("the page, with the keyboard alone,", (browser) => {
  let bench: HttpBench;
  let seen: PageSession;
  beforeAll(async () => {
    bench = await HttpBench.open(lasting);
    seen = await openPage(browser(), bench.url, "/");
  });
  afterAll(async () => {
    await seen?.close();
    await bench?.close();
  });
  const press = (key: string) => seen.page.keyboard.press(key);
  const type = (text: string) => seen.page.keyboard.type(text);
  const exactly = (wanted: string) => (name: string) => name === wanted;

  it("filters the events, unfolds one and pauses them", async () => {
    const { page } = seen;
    await seen.open("/events");
    await tabTo(seen, (name) => name.startsWith("Node id"), "textbox");
    await type("typed-1");
    await press("Enter");
    await page.waitForURL("**/events?entity=typed-1", PATIENCE);
    await page.getByText("Connected.").waitFor(PATIENCE);
    await bench.publish("NodeIntrospectionEvent", { node_id: "untyped-1", node_type: "effect" });
    await bench.publish("NodeIntrospectionEvent", { node_id: "typed-1", node_type: "effect" });
    await page.getByRole("listitem").filter({ hasText: "NodeRegistrationInitiated" }).waitFor(PATIENCE);
    await tabTo(seen, (name) => name.includes("NodeRegistrationInitiated"), "button");
    await press("Enter");
    await page.getByRole("region", { name: "Envelope of NodeRegistrationInitiated" }).waitFor(PATIENCE);
    expect(await page.getByText("untyped-1").count()).toBe(0);
    await tabTo(seen, exactly("Pause"), "button");
    await press("Space");
    await page.getByRole("button", { name: "Resume" }).waitFor(PATIENCE);
    expect(seen.problems).toEqual([]);
  });

  it("drops a dead letter, with a reason", async () => {
    const { page } = seen;
    const { bus, domain } = bench.system;
    const topic = domain.consumed.find(({ type: of }) => of === "NodeIntrospectionEvent")?.topic ?? "";
    await bus.publish([{ topic, partition: 0, key: null, value: Buffer.from("{"), headers: {} }], {
      timeoutMs: 30_000,
    });
    const letters = page.getByRole("listitem").filter({ hasText: "MALFORMED_JSON" });
    await seen.open("/dead-letters");
    await expect.poll(async () => (await letters.count()) || (await page.reload(), 0), PATIENCE).toBe(1);
    await tabTo(seen, (name) => name.includes("MALFORMED_JSON"), "button");
    await press("Enter");
    await tabTo(seen, exactly("Drop"), "button");
    await press("Enter");
    await tabTo(seen, exactly("Reason"), "textbox");
    await type("sent by hand");
    await press("Enter");
    await expect.poll(() => letters.count(), PATIENCE).toBe(0);
    const [decision] = await bench.system.store.query<{ reason: string }>(
      `select reason from rollcall.operator_decision order by at desc limit 1`,
    );
    expect(decision).toEqual({ reason: "sent by hand" });
    expect(seen.problems).toEqual([]);
  });

  it("simulates a node until it is ACTIVE, and leaves the editor with Tab", async () => {
    await seen.open("/playground");
    await tabTo(seen, (name) => name.startsWith("Node id"), "textbox");
    await press("Control+A");
    await type("played-1");
    await press("Enter");
    await bench.until("played-1", "ACTIVE");
    await tabTo(seen, exactly("Deregister"), "button");
    await press("Enter");
    await bench.until("played-1", "DEREGISTERED");
    await tabTo(seen, exactly("Download"), "button");
    expect(seen.problems).toEqual([]);
  });

  it("goes from a machine's state to the nodes in it", async () => {
    await bench.activeNode("settled-1");
    for (const [state, query] of [
      ["ACTIVE", "state=ACTIVE"],
      ["complete", "reducer_state=complete"],
    ] as const) {
      await seen.open("/contracts");
      await seen.page.getByRole("button", { name: state }).first().waitFor(PATIENCE);
      await tabTo(seen, (name) => name.split(/\s/)[0] === state, "button");
      await press("Enter");
      await seen.page.waitForURL(`**/nodes?${query}`, PATIENCE);
      await seen.page.getByRole("row").filter({ hasText: "settled-1" }).waitFor(PATIENCE);
    }
    expect(seen.problems).toEqual([]);
  });

  it("releases a hold", async () => {
    const { store, domain } = bench.system;
    await store.query(
      `insert into rollcall.expiry_hold (domain, state, held_at, entities, total) values ($1, 'ACTIVE', ` +
        "now(), 7, 9)",
      [domain.name],
    );
    await seen.open("/");
    await seen.page.getByRole("button", { name: "Release…" }).waitFor(PATIENCE);
    await tabTo(seen, exactly("Release…"), "button");
    await press("Enter");
    // The reason field has the focus.
    await type("a rack was switched off");
    await press("Enter");
    const released = () =>
      store.query(`select reason from rollcall.expiry_hold where domain = $1 and released_at is not null`, [
        domain.name,
      ]);
    await expect.poll(released, PATIENCE).toEqual([{ reason: "a rack was switched off" }]);
    await seen.page.getByRole("button", { name: "Release…" }).waitFor({ state: "detached", ...PATIENCE });
    expect(seen.problems).toEqual([]);
  });
});
