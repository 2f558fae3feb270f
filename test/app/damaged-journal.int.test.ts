import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { JournalTail } from "../../app/http/events/journal-tail.ts";
import { PgliteNotices } from "../../runtime/adapters/pglite/pglite-notices.ts";
import { JournalReader } from "../../runtime/shell/follow/journal-reader.ts";
import { readJournalEnds } from "../../runtime/stored/event-pages.ts";
import { HttpBench, lasting } from "./registration/http-bench.ts";

let bench: HttpBench;
const told: string[] = [];
beforeAll(async () => {
  bench = await HttpBench.open(lasting, { onInternalError: (error) => void told.push(String(error)) });
  for (const id of ["damaged-1", "damaged-3"]) await bench.activeNode(id);
});
afterAll(() => bench.close());

/** From now on the events that are written can't be read. */
const damageEvents = async (): Promise<void> => {
  await bench.system.store.query(`create function rollcall.damage() returns trigger language plpgsql as
    $$ begin new.lines := replace(new.lines, ',"value":', ',"valve":'); return new; end $$`);
  await bench.system.store.query(
    `create trigger damage before insert on rollcall.turn for each row execute function rollcall.damage()`,
  );
};
const damaged = { status: 500, body: { type: "urn:rollcall:problem:internal", code: "JOURNAL_DAMAGED" } };

describe("of a journal that is damaged", () => {
  it("a follower that comes back is told why no event can be read", async () => {
    const { events, close } = await bench.stream();
    await bench.activeNode("damaged-2");
    await expect.poll(() => events.length).toBe(4);
    const last = events.at(-1)?.id;
    close();
    await damageEvents();
    await bench.publish("NodeDeregister", { node_id: "damaged-1" });
    await expect(bench.stream("", last)).rejects.toThrow(/^500.*JOURNAL_DAMAGED/);
    expect(told).toEqual([expect.stringMatching(/partition \d of registration in rollcall.turn has a line \d+/)]);
  });

  it("a follower of what another process writes is disconnected", async () => {
    const { system } = bench;
    const { store, domain, clock } = system;
    const reader = new JournalReader({ store, clock, domain: domain.name, notices: new PgliteNotices() });
    const tail = new JournalTail({ store, clock, domain, following: { reader } as never });
    const heard: string[] = [];
    tail.follow(await readJournalEnds(store, domain.name), {
      onEvents: (events) => void heard.push(...events.map(({ type }) => type)),
      onDamage: () => void heard.push("damage"),
    });
    await bench.publish("NodeDeregister", { node_id: "damaged-2" });
    await expect.poll(() => heard, { timeout: 10_000 }).toEqual(["damage"]);
    tail.close();
    reader.close();
  });

  it.each(["timeline", "explanation"])("the %s of an entity is refused, and the process told", async (part) => {
    told.length = 0;
    expect(await bench.ask(`/api/v1/registrations/damaged-1/${part}`)).toMatchObject(damaged);
    expect(told).toEqual([expect.stringMatching(/partition \d of registration in rollcall.turn has a line \d+/)]);
  });

  it("others are told of as ever", async () =>
    expect((await bench.ask("/api/v1/registrations/damaged-3/timeline")).status).toBe(200));
});
