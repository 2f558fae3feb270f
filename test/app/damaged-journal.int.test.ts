import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HttpBench, lasting } from "./registration/http-bench.ts";

let bench: HttpBench;
const told: string[] = [];
beforeAll(async () => {
  bench = await HttpBench.open(lasting, { onInternalError: (error) => void told.push(String(error)) });
  await bench.activeNode("damaged-1");
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
  it("a follower is disconnected, and told why when it comes back", async () => {
    const stream = await fetch(new URL("/api/v1/events/stream", bench.url));
    const text = stream.text().catch((error: unknown) => error);
    const { events, close } = await bench.stream();
    await bench.activeNode("damaged-2");
    await expect.poll(() => events.length).toBe(4);
    const last = events.at(-1)?.id;
    close();
    await damageEvents();
    await bench.publish("NodeDeregister", { node_id: "damaged-1" });
    expect(await text).toBeInstanceOf(Error);
    await expect(bench.stream("", last)).rejects.toThrow(/^500.*JOURNAL_DAMAGED/);
    expect(told).toEqual([expect.stringMatching(/partition \d of registration in rollcall.turn has a line \d+/)]);
  });

  it.each(["timeline", "explanation"])("the %s of an entity is refused, and the process told", async (part) => {
    told.length = 0;
    expect(await bench.ask(`/api/v1/registrations/damaged-1/${part}`)).toMatchObject(damaged);
    expect(told).toEqual([expect.stringMatching(/partition \d of registration in rollcall.turn has a line \d+/)]);
  });

  it("others are told of as ever", async () =>
    expect((await bench.ask("/api/v1/registrations/damaged-2/timeline")).status).toBe(200));
});
