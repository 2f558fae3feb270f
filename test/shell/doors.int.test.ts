import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { retryDeadLetters } from "../../app/http/dead-letters/dead-letters.ts";
import { messageTo, withDoor } from "../../app/host/outgoing-message.ts";
import { EmbeddedBroker } from "../../runtime/adapters/embedded-bus/embedded-broker.ts";
import { EmbeddedBus } from "../../runtime/adapters/embedded-bus/embedded-bus.ts";
import { PgliteStore } from "../../runtime/adapters/pglite/pglite-store.ts";
import { SystemClock } from "../../runtime/adapters/system-clock.ts";
import { type Door, NOBODY } from "../../runtime/core/door.ts";
import { DOOR_AGE_MAX_MS, DOOR_HEADER, type DoorKey } from "../../runtime/core/door-seal.ts";
import type { Handler } from "../../runtime/core/handler.ts";
import type { StepLine } from "../../runtime/core/journal.ts";
import type { OutgoingMessage } from "../../runtime/ports/event-bus.ts";
import { StoredDoorKeys } from "../../runtime/shell/door-keys.ts";
import { Runtime } from "../../runtime/shell/runtime.ts";
import type { ShellEvent } from "../../runtime/shell/shell-event.ts";
import { readDeadLetter } from "../../runtime/stored/dead-letters.ts";
import { addFirstDoorKey, rotateDoorKey } from "../../runtime/stored/door-keys.ts";
import { notesCode, notesDomain } from "../contract/notes-domain.ts";
import { emptyTables, until } from "./orders.ts";

const PARTITIONS = 2;
const ANNA: Door = { caller: { ...NOBODY, id: "anna" }, loaded: {}, operation: "writeNote" };

let store: PgliteStore;
let stop: () => Promise<void> = async () => {};
beforeEach(async () => {
  store = await PgliteStore.open({ directory: undefined });
  await emptyTables(store);
  await addFirstDoorKey(store, Buffer.alloc(32, 7));
});
afterEach(async () => {
  await stop();
  await store.close();
});

/** The notes on the embedded bus. @param handler stands in for the one that writes them */
async function startNotes(handler?: Handler) {
  const clock = new SystemClock();
  const domain = notesDomain([], handler);
  const bus = new EmbeddedBus({ broker: new EmbeddedBroker({ store, clock }), domain: domain.name });
  const doorKeys = new StoredDoorKeys(store, clock);
  const told: ShellEvent[] = [];
  const runtime = new Runtime({
    ...{ domain, bus, store, clock, doorKeys, owner: "test", partitions: PARTITIONS },
    observe: (event) => told.push(event),
    onFatal: (error) => {
      throw error;
    },
  });
  await runtime.start();
  stop = () => runtime.stop();
  await until(() => runtime.status().owned.length === PARTITIONS);
  const key = await doorKeys.sealing();

  /** A WriteNote as a gateway makes it, without its door. */
  const note = (id: string, text = "hello", more: object = {}) => {
    const messageId = `00000000-0000-4000-8000-${Buffer.from(id).toString("hex").padStart(12, "0").slice(-12)}`;
    const envelope = {
      ...{ envelope_id: messageId, payload_type: "WriteNote" },
      payload: { note_id: id, text, ...more },
    };
    const consumed = domain.consumed.find(({ type }) => type === "WriteNote")!;
    const made = messageTo(domain, consumed, runtime.status(), envelope, {});
    return { domain: domain.name, type: "WriteNote", messageId, ...made };
  };
  const seal = (
    message: ReturnType<typeof note>,
    change: Partial<typeof message> = {},
    atMs = clock.wallMs(),
    by = key,
  ) => withDoor(by, { ...message, ...change }, ANNA, atMs);
  const publish = async (...messages: readonly OutgoingMessage[]) => {
    await bus.publish(messages, { timeoutMs: 5_000 });
    await until(() => runtime.status().waiting + runtime.status().lag === 0 && told.length > 0);
  };
  const decisions = () => told.flatMap((event) => (event.kind === "decision" ? [event.decision] : []));
  const rejected = () => told.flatMap((event) => (event.kind === "door_rejected" ? [event.reason] : []));
  return { bus, clock, decisions, domain, doorKeys, key, note, publish, rejected, runtime, seal };
}

const withHeader = (message: OutgoingMessage, header: string, more: Readonly<Record<string, string>> = {}) => ({
  ...message,
  headers: { ...message.headers, ...more, [DOOR_HEADER]: header },
});
const headerOf = ({ headers }: OutgoingMessage): string => String(headers[DOOR_HEADER]);

describe("a message through a gateway", () => {
  it("has its caller, who is journaled with what the gateway added", async () => {
    const { note, seal, publish, decisions, rejected } = await startNotes();
    await publish(seal(note("n1")));
    await until(() => decisions().length === 1);
    expect(decisions()[0]).toMatchObject({ result: "changed", entity: { data: { owner: "anna" } } });
    const [row] = await store.query<{ line: StepLine }>(`select line from rollcall.journal where kind = 'message'`);
    expect(row?.line.door).toEqual(ANNA);
    expect(rejected()).toEqual([]);
  });

  it("keeps its caller when it is retried as a dead letter, long after its door is too old", async () => {
    const own = notesCode().handlers?.["HandlerWriteNote"] as Handler;
    let isBroken = true;
    const write: Handler["actions"][string] = (context) => {
      if (isBroken) throw new Error("a defect");
      return own.actions["write"]!(context);
    };
    const notes = await startNotes({ ...own, actions: { write } });
    await notes.publish(notes.seal(notes.note("n1"), {}, notes.clock.wallMs() - DOOR_AGE_MAX_MS + 60_000));
    const letters = () => store.query<{ id: string }>(`select id from rollcall.dead_letter`);
    await until(async () => (await letters()).length === 1);
    const letter = await readDeadLetter(store, "notes", (await letters())[0]!.id);
    expect(letter).toMatchObject({ code: "CORE_ERROR", door: { door: ANNA, entityId: "n1" } });
    isBroken = false;
    const { bus, doorKeys, runtime, decisions } = notes;
    const system = { bus, store, doorKeys, runtime: { brokerTimeMs: runtime.brokerTimeMs + 60 * 60_000 } };
    // Sealed anew: a clock that is ahead shows whose time the new door has.
    await retryDeadLetters(system, [letter!]);
    await until(() => notes.rejected().length === 1);
    expect(notes.rejected()).toEqual(["ahead"]);
    await retryDeadLetters({ ...system, runtime }, [letter!]);
    await until(() => decisions().some(({ result }) => result === "changed"));
    expect(decisions().at(-1)).toMatchObject({ entity: { data: { owner: "anna" } } });
  });
});

type Notes = Awaited<ReturnType<typeof startNotes>>;
const otherKey = (key: DoorKey): DoorKey => ({ ...key, secret: Buffer.alloc(32, 8) });

/** What it is, how it is made of the id of a note, and why the door counts for nothing. */
const FORGED: readonly (readonly [string, (notes: Notes, id: string) => OutgoingMessage, string | undefined])[] = [
  [
    "copied from another entity's message",
    ({ note, seal }, id) => withHeader(note(id).outgoing, headerOf(seal(note("other")))),
    "other_message",
  ],
  [
    "copied to another payload",
    ({ note, seal }, id) => withHeader(note(id, "mine").outgoing, headerOf(seal(note(id)))),
    "other_message",
  ],
  ["of another entity", ({ note, seal }, id) => seal(note(id), { entityId: "other" }), "other_message"],
  [
    "of another message",
    ({ note, seal }, id) => seal(note(id), { messageId: note("other").messageId }),
    "other_message",
  ],
  ["of another type", ({ note, seal }, id) => seal(note(id), { type: "DropNote" }), "other_message"],
  ["of another domain", ({ note, seal }, id) => seal(note(id), { domain: "parcels" }), "other_message"],
  ["that is too old", ({ note, seal, clock }, id) => seal(note(id), {}, clock.wallMs() - 11 * 60_000), "too_old"],
  ["that is ahead", ({ note, seal, clock }, id) => seal(note(id), {}, clock.wallMs() + 2 * 60_000), "ahead"],
  ["by another key", ({ note, seal, clock, key }, id) => seal(note(id), {}, clock.wallMs(), otherKey(key)), "forged"],
  [
    "by a key that there is not",
    ({ note, seal, clock, key }, id) => seal(note(id), {}, clock.wallMs(), { ...key, id: 99 }),
    "unknown_key",
  ],
  [
    "that is cut off",
    ({ note, seal }, id) => withHeader(note(id).outgoing, headerOf(seal(note(id))).slice(0, -9)),
    "malformed",
  ],
  ["that is huge", ({ note }, id) => withHeader(note(id).outgoing, "1.1.".padEnd(60_000, "A")), "malformed"],
  ["that is empty", ({ note }, id) => withHeader(note(id).outgoing, ""), "malformed"],
  [
    "made younger by the headers of a copy",
    ({ note, seal, clock }, id) =>
      withHeader(note(id).outgoing, headerOf(seal(note(id), {}, clock.wallMs() - DOOR_AGE_MAX_MS - 5_000)), {
        "rollcall-repartitioned": "0",
        "rollcall-broker-time": String(clock.wallMs() - 30_000),
      }),
    "too_old",
  ],
  [
    "in the payload",
    ({ note }, id) => note(id, "hello", { door: ANNA, caller: ANNA.caller, loaded: {}, entity_seq: 1 }).outgoing,
    undefined,
  ],
];

describe("a forged door", () => {
  it("leaves the caller nobody, moves nothing and fills no journal", async () => {
    const notes = await startNotes();
    for (const [index, [what, forge, reason]] of FORGED.entries()) {
      const rejected = notes.rejected().length;
      await notes.publish(forge(notes, `n${index}`));
      await until(() => notes.decisions().length === index + 1);
      expect(notes.decisions()[index], what).toMatchObject({
        ...{ result: "declined", entity: undefined },
        declined: { code: "DOOR_REQUIRED", kind: "forbidden", caller: "" },
      });
      expect(notes.rejected().slice(rejected), what).toEqual(reason === undefined ? [] : [reason]);
    }
    expect(await store.query(`select 1 from rollcall.turn`)).toEqual([]);
  });
});

describe("door keys", () => {
  const clock = { nowMs: 0, monotonicMs: () => clock.nowMs };
  const fresh = () => new StoredDoorKeys(store, clock);

  it("are made once, however many processes start", async () => {
    await addFirstDoorKey(store, Buffer.alloc(32, 9));
    expect([...(await fresh().sealing()).secret]).toEqual([...Buffer.alloc(32, 7)]);
  });

  it("are two while one is replaced, and found when they are first named", async () => {
    const keys = fresh();
    await keys.prepare([1]);
    expect(await rotateDoorKey(store, Buffer.alloc(32, 8), DOOR_AGE_MAX_MS)).toBeUndefined();
    expect(await rotateDoorKey(store, Buffer.alloc(32, 8), 0)).toBe(2);
    // Not all processes may know the new one yet.
    expect((await fresh().sealing()).id).toBe(1);
    clock.nowMs += 1_000;
    await keys.prepare([2]);
    expect(keys.known.map(({ id }) => id)).toEqual([2, 1]);
    await store.query(`update rollcall.door_key set made_at = made_at - interval '1 minute'`);
    expect((await fresh().sealing()).id).toBe(2);
    expect(await rotateDoorKey(store, Buffer.alloc(32, 9), 0)).toBe(3);
    clock.nowMs += 60_000;
    await keys.prepare([1]);
    expect(keys.known.map(({ id }) => id)).toEqual([3, 2]);
  });

  it("are not looked for at each header that names one which there is not", async () => {
    const keys = fresh();
    await keys.prepare([]);
    await rotateDoorKey(store, Buffer.alloc(32, 8), 0);
    await keys.prepare([2]);
    expect(keys.known.map(({ id }) => id)).toEqual([1]);
  });
});
