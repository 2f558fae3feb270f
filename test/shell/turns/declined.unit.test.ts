import { expect, it } from "vitest";
import type { Domain } from "../../../runtime/core/domain.ts";
import { NOBODY } from "../../../runtime/core/door.ts";
import type { Entity } from "../../../runtime/core/entity.ts";
import type { Message } from "../../../runtime/core/message.ts";
import { Partition } from "../../../runtime/shell/partitions/partition.ts";
import type { WorkItem } from "../../../runtime/shell/turns/read-items.ts";
import { InternedValues } from "../../../runtime/shell/turns/interned-values.ts";
import { TurnPlan } from "../../../runtime/shell/turns/turn-plan.ts";
import { compiledDomain, domainInMemory } from "../../contract/edited-folder.ts";
import { notesDomain, notesInMemory } from "../../contract/notes-domain.ts";

const run = (type: string) => ({ type, payload: { run_id: "r1" } });
const runs = domainInMemory("once").given(run("StartRun"), run("CancelRun"));
const entity = runs.entity("r1")!;
const domain = compiledDomain("once");

/** A turn that takes a message to a run that has ended. */
const turnWith = (isAlwaysJournaled: boolean) => turnOf(domain, entity, startRun, isAlwaysJournaled);
const startRun: Message = { kind: "bus", ...run("StartRun"), id: "m", entityId: "r1", correlationId: "m", now: 900 };

/** A turn that takes one message, on the day of its entity's last line. */
function turnOf(of: Domain, before: Entity | undefined, given: Message, isAlwaysJournaled: boolean) {
  const partition = new Partition({
    ...{ number: 0, epoch: 1, nextSeq: 5, publishedSeq: 4, positions: new Map(), entitiesMax: 9 },
  });
  const plan = new TurnPlan(
    of,
    {
      entity: () => before && { entity: before, lastLine: 4, lastLineMs: 0, lastSeenMs: 0 },
      openIntents: () => [],
      seen: () => false,
      cursorsOf: () => ({ nextSeq: 5, publishedSeq: 4, outgoingSeq: 4, pendingSeq: 5 }),
      internedValues: new InternedValues(),
    },
    1_000,
  );
  const origin = { topic: "t", partition: 0, offset: 1 };
  const message = { ...given, origin };
  const record = { ...origin, brokerTimeMs: 900, key: null, value: null, headers: {} };
  plan.add({
    kind: "step",
    item: { kind: "record", partition, record },
    message,
    dedupeKey: "k",
    isAlwaysJournaled,
  } as WorkItem);
  return plan;
}
const linesOf = (plan: TurnPlan) =>
  [...plan.lines.values()].flatMap(({ chunks }) => chunks.map(({ lines }) => JSON.parse(lines) as object));

it("a declined message leaves a line with the answer, and its entity as it is", () => {
  const plan = turnWith(true);
  expect(linesOf(plan)).toEqual([
    expect.objectContaining({
      ...{ seq: 5, prev: 4, kind: "message", type: "StartRun", result: "declined", state: "FAILED" },
      declined: { code: "ENDED", kind: "conflict", caller: "" },
    }),
  ]);
  expect(plan.entities.get("r1")?.after).toMatchObject({ lastLine: 5, lastSeenMs: 900 });
  expect(plan.entities.get("r1")?.after.entity).toMatchObject({ state: "FAILED", seq: entity.seq });
});

it("a declined message of a type that is not journaled is only counted", () => {
  const plan = turnWith(false);
  expect(linesOf(plan)).toEqual([]);
  expect([...plan.entities]).toEqual([]);
  expect(plan.shellEvents).toMatchObject([{ kind: "decision", decision: { result: "declined" } }]);
});

const notes = notesDomain();
const dropNote = (id: string): Message => ({
  ...{ kind: "bus", type: "DropNote", payload: { note_id: "n1" }, id, entityId: "n1", correlationId: id, now: 900 },
  door: { caller: { ...NOBODY, id: "anna" }, loaded: {}, operation: "dropNote" },
});
const written = notesInMemory()
  .given({ type: "WriteNote", payload: { note_id: "n1", text: "a" }, door: { caller: { id: "ben" } } })
  .entity("n1");

it("what the contract refuses leaves a line with its code, details and caller, and what its gateway added", () => {
  const plan = turnOf(notes, written, dropNote("m"), true);
  const [line] = linesOf(plan);
  expect(line).toMatchObject({
    ...{ result: "declined", reason: "DropNote: NOT_OWNER: only its owner changes it" },
    declined: { code: "NOT_OWNER", kind: "forbidden", caller: "anna" },
    door: { caller: { id: "anna" }, loaded: {}, operation: "dropNote" },
  });
});

it("what is refused about nothing is only counted, and may come again", () => {
  const plan = turnOf(notes, undefined, dropNote("m"), true);
  expect(linesOf(plan)).toEqual([]);
  expect([...plan.seen]).toEqual([]);
  expect(plan.shellEvents).toMatchObject([{ kind: "decision", decision: { declined: { code: "NO_NOTE" } } }]);
});
