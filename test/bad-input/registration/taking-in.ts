import { expect } from "vitest";
import { assertMessageSizes } from "../../../runtime/adapters/publish-sizes.ts";
import type { Entity } from "../../../runtime/core/entity.ts";
import type { JournalLine } from "../../../runtime/core/journal.ts";
import { partitionOf } from "../../../runtime/core/murmur2.ts";
import type { BusRecord } from "../../../runtime/ports/event-bus.ts";
import { linesOf } from "../../../runtime/stored/read-lines.ts";
import { readItems, type WorkItem } from "../../../runtime/shell/turns/read-items.ts";
import { Partition } from "../../../runtime/shell/partitions/partition.ts";
import { InternedValues } from "../../../runtime/shell/turns/interned-values.ts";
import { groupBy } from "../../../runtime/shell/group-by.ts";
import { TurnPlan } from "../../../runtime/shell/turns/turn-plan.ts";
import { NOON } from "../../registration/examples.ts";
import { shippedDomain } from "../../registration/shipped-domain.ts";
import { freshId, type RecordFixture } from "./record-fixture.ts";

export const PARTITIONS = 4;
/** Of processor time: more than this is a hang, however busy the machine is. */
const HANG_MS = 2_000;
const values = new InternedValues();
const consumedBy = groupBy(shippedDomain.consumed, ({ topic }) => topic);
const UNPRINTABLE = /[\p{Cc}\p{Bidi_C}\p{Surrogate}]/u;

export const inputTopic = (type: string): string =>
  shippedDomain.consumed.find((consumed) => consumed.type === type)?.topic ?? `no topic of ${type}`;

/** An id that belongs to the partition. */
export function idIn(partition: number): string {
  for (;;) {
    const id = freshId();
    if (partitionOf(id, PARTITIONS) === partition) return id;
  }
}

/** As a bus would deliver it, of a node of its own. */
export function recordOf(fixture: RecordFixture): { readonly id: string; readonly record: BusRecord } {
  const { type = "NodeIntrospectionEvent", misplaced = false, timestampMs = NOON } = fixture;
  const id = freshId();
  const value = fixture.value(id);
  const key = fixture.key === undefined ? id : fixture.key;
  const headers = Object.entries(fixture.headers ?? {}).map(([name, text]) => [name, Buffer.from(text)]);
  const record = {
    topic: inputTopic(type),
    partition: (partitionOf(id, PARTITIONS) + Number(misplaced)) % PARTITIONS,
    offset: 0,
    key: key === null ? null : Buffer.from(key),
    value: value === null ? null : Buffer.from(value),
    headers: Object.fromEntries(headers) as Record<string, Buffer>,
    brokerTimeMs: timestampMs,
    receivedAtMs: 0,
  };
  return { id, record };
}

/** What a record leads to in the shell, without I/O: read, stepped, and planned to be written. */
export function takeIn(record: BusRecord, entity?: Entity): { readonly work: WorkItem; readonly plan: TurnPlan } {
  const partition = new Partition({
    number: record.partition,
    epoch: 1,
    nextSeq: 1,
    publishedSeq: 0,
    positions: new Map(),
    entitiesMax: 1,
  });
  const item = { kind: "record", partition, record } as const;
  const [work, ...more] = readItems(shippedDomain, consumedBy, PARTITIONS, [item], new Map());
  if (!work || more.length > 0) throw new Error(`${1 + more.length} works of one record`);
  const loaded = {
    entity: () => entity && { entity, lastLine: 1, lastLineMs: record.brokerTimeMs, lastSeenMs: null },
    openIntents: () => [],
    seen: () => false,
    cursorsOf: (each: Partition) => each,
    internedValues: values,
  };
  const plan = new TurnPlan(shippedDomain, loaded, record.brokerTimeMs);
  plan.add(work);
  return { work, plan };
}

/** Holds for any input: it is refused once or accepted, and what follows can be written, published and shown. */
export function expectHarmless(plan: TurnPlan): void {
  const letters = plan.deadLetters.length;
  const taken = linesIn(plan).filter(({ kind }) => kind === "message" || kind === "repartitioned").length;
  const counted = plan.shellEvents.filter(({ kind }) => kind === "decision").length;
  expect(letters === 1 ? taken === 0 : letters === 0 && taken + counted > 0).toBe(true);
  for (const { code, error } of plan.deadLetters) {
    expect(code).toMatch(/^(MALFORMED_JSON|INVALID_PAYLOAD|UNKNOWN_TYPE|VERSION_UNSUPPORTED|TOO_LARGE|MISROUTED)$/);
    expect(error).not.toMatch(UNPRINTABLE);
  }
  for (const { outgoing } of plan.outbox) assertMessageSizes([outgoing]);
  expect(Reflect.ownKeys(Object.prototype)).toEqual(PROTOTYPE);
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
}

/** As they are read from the store. */
const linesIn = ({ lines }: TurnPlan): JournalLine[] =>
  [...lines].flatMap(([{ number: partition }, { chunks }]) =>
    chunks.flatMap(({ seq, lastSeq, lines: text }) =>
      linesOf("registration", {
        ...{ partition, seq, last_seq: lastSeq, at: new Date(NOON), contract_hash: "", lines: text },
      }),
    ),
  );

/** What a plan writes and publishes, as text. */
export const written = (plan: TurnPlan): string =>
  JSON.stringify([linesIn(plan), plan.outbox.map(({ outgoing }) => outgoing.value?.toString("latin1"))]);

const PROTOTYPE = Reflect.ownKeys(Object.prototype);

/** Counts what was tried, and how much processor time the slowest took. */
export class Tally {
  tried = 0;
  slowestMs = 0;
  slowest = "";

  time<Result>(what: () => string, work: () => Result): Result {
    const before = process.cpuUsage();
    const result = work();
    const { user, system } = process.cpuUsage(before);
    const ms = (user + system) / 1_000;
    this.tried++;
    if (ms > this.slowestMs) {
      this.slowestMs = ms;
      this.slowest = what().slice(0, 100);
    }
    return result;
  }

  report(of: string): void {
    console.log(`${of}: ${this.tried} inputs, the slowest ${Math.round(this.slowestMs)} ms of CPU: ${this.slowest}`);
    expect(this.slowestMs).toBeLessThan(HANG_MS);
  }
}
