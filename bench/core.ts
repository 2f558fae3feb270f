import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { decodeRecord } from "../runtime/core/decode.ts";
import type { TransitionCell, Domain, Machine } from "../runtime/core/domain.ts";
import type { Entity } from "../runtime/core/entity.ts";
import type { Message } from "../runtime/core/message.ts";
import { step } from "../runtime/core/step.ts";
import { DeadlineIndex } from "../runtime/shell/deadlines/deadline-index.ts";
import { Partition } from "../runtime/shell/partitions/partition.ts";
import { InternedValues } from "../runtime/shell/turns/interned-values.ts";

/** What the core does by itself, on one core of the machine. */
export interface CoreResult {
  readonly what: string;
  readonly entities: number;
  readonly stepsPerSecond: number;
}

const SECONDS = 2;
const TRACKED = 100_000;

/**
 * Of a script's steps, once V8 has compiled them. To be asked where the young generation has room for a pass: a
 * collection of garbage in between would be taken for a gain.
 */
export function allocatedBytesPerStep(domain: Domain, scriptOf: ScriptOf): number {
  const { pass, steps } = passesOf(domain, 1_000, scriptOf);
  for (let warm = 0; warm < 20; warm++) pass();
  const passes = Array.from({ length: 10 }, () => {
    const before = process.memoryUsage().heapUsed;
    pass();
    return process.memoryUsage().heapUsed - before;
  });
  const usual = passes.sort((a, b) => a - b)[passes.length >> 1] ?? 0;
  return Math.round(usual / steps);
}

/** What an entity keeps in memory, its deadlines included: bytes, over many of them. */
export function bytesPerEntity(entityOf: (index: number) => Entity | undefined): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const start = { number: 0, epoch: 1, nextSeq: 1, publishedSeq: 0, positions: new Map<string, number>() };
  const partition = new Partition({ ...start, entitiesMax: TRACKED });
  const deadlines = new DeadlineIndex();
  const values = new InternedValues();
  const track = (index: number): void => {
    const entity = entityOf(index);
    if (!entity) return;
    const atMs = Date.now();
    const record = { entity: values.internEntity(entity), lastLine: index * 13, lastLineMs: atMs, lastSeenMs: atMs };
    partition.entities.set(entity.id, record);
    const owner = {
      partition,
      entityId: entity.id,
      attemptId: entity.attempt.id,
      correlationId: entity.attempt.correlationIds[0] ?? "",
    };
    deadlines.set(owner, {}, entity.deadlines);
  };
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let index = 0; index < TRACKED; index++) track(index);
  collect();
  return Math.round((process.memoryUsage().heapUsed - before) / deadlines.size);
}

/** What one entity gets, in order. */
export interface Script {
  /** Undefined: its first message makes it. */
  readonly from: Entity | undefined;
  readonly messages: readonly Message[];
}

export type ScriptOf = (domain: Domain, index: number) => Script;

export function measureSteps(what: string, domain: Domain, count: number, scriptOf: ScriptOf): CoreResult {
  const { pass, steps } = passesOf(domain, count, scriptOf);
  // What V8 compiles on the way is paid before anything counts.
  for (let seconds = 0; seconds < SECONDS / 2;) seconds += pass();
  let [seconds, taken] = [0, 0];
  for (; seconds < SECONDS; taken += steps) seconds += pass();
  return { what, entities: count, stepsPerSecond: Math.round(taken / seconds) };
}

/** A pass: all entities take their first message, then all their second. It returns how many seconds that took. */
function passesOf(
  domain: Domain,
  count: number,
  scriptOf: ScriptOf,
): { readonly steps: number; readonly pass: () => number } {
  const scripts = Array.from({ length: count }, (_, index) => scriptOf(domain, index));
  const rounds = scripts[0]?.messages.length ?? 0;
  const pass = (): number => {
    const startedMs = performance.now();
    const entities = scripts.map(({ from }) => from);
    for (let round = 0; round < rounds; round++)
      for (const [at, { messages }] of scripts.entries())
        entities[at] = step(domain, entities[at], messages[round] as Message).entity;
    return (performance.now() - startedMs) / 1_000;
  };
  return { steps: rounds * count, pass };
}

/** A message as it comes from its topic. */
export function fromBus(domain: Domain, type: string, payload: object, brokerTimeMs: number): Message {
  const consumed = domain.consumed.find((topic) => topic.type === type);
  if (!consumed) throw new Error(`${type} is not consumed`);
  const value = Buffer.from(JSON.stringify({ ...payload, timestamp: new Date(brokerTimeMs).toISOString() }));
  return decodeRecord(domain, [consumed], {
    topic: consumed.topic,
    partition: 0,
    offset: 0,
    value,
    headers: {},
    brokerTimeMs,
  });
}

/** With so many states that lead to one another, and that no entity is ever in, in each machine. */
export const widened = (domain: Domain, transitions: number): Domain => ({
  ...domain,
  orchestrator: widenedMachine(domain.orchestrator, transitions),
  reducer: widenedMachine(domain.reducer, transitions),
});

function widenedMachine(machine: Machine, transitions: number): Machine {
  const [state] = machine.states.values();
  if (!state) return machine;
  const states = new Map(machine.states);
  const table = new Map(machine.table);
  for (let i = 0; i < transitions; i++) {
    const name = `extra-${i}`;
    const cell: TransitionCell = {
      conditions: [],
      results: [{ to: `extra-${(i + 1) % transitions}`, entered: true, actions: [] }],
    };
    states.set(name, { ...state, name });
    table.set(name, new Map([[`trigger-${i}`, cell]]));
  }
  return { ...machine, states, table };
}
