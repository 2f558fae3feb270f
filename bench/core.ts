import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { LRUCache } from "lru-cache";
import { decodeRecord } from "../runtime/core/decode.ts";
import type { TransitionCell, Domain, Machine } from "../runtime/core/domain.ts";
import type { Entity } from "../runtime/core/entity.ts";
import { derivedId } from "../runtime/core/ids.ts";
import type { Intent } from "../runtime/core/intent.ts";
import type { Message } from "../runtime/core/message.ts";
import { step } from "../runtime/core/step.ts";
import { DeadlineIndex } from "../runtime/shell/deadlines/deadline-index.ts";
import type { Partition } from "../runtime/shell/partitions/partition.ts";
import { InternedValues } from "../runtime/shell/turns/interned-values.ts";
import { shippedDomain } from "../test/registration/shipped-domain.ts";
import { introspection } from "./measure.ts";

/** What the core does by itself, on one core of the machine. */
export interface CoreResult {
  readonly what: string;
  readonly entities: number;
  readonly stepsPerSecond: number;
}

const SECONDS = 2;
const START_MS = Date.parse("2026-01-01T00:00:00Z");
const HEARTBEATS = 4;
const TRANSITIONS_MORE = 1_000;
const TRACKED = 100_000;

/** A step must cost the same however many entities there are, and however many transitions the contracts have. */
export function benchCore(): CoreResult[] {
  const wide = {
    ...shippedDomain,
    orchestrator: widened(shippedDomain.orchestrator),
    reducer: widened(shippedDomain.reducer),
  };
  return [
    measure("registration", shippedDomain, 100, registration),
    measure("registration", shippedDomain, 20_000, registration),
    measure(`registration, ${TRANSITIONS_MORE} transitions more`, wide, 100, registration),
    measure("heartbeats", shippedDomain, 100, heartbeats),
    measure("heartbeats", shippedDomain, 50_000, heartbeats),
  ];
}

/**
 * Of a registration's steps, once V8 has compiled them. To be asked where the young generation has room for a pass:
 * a collection of garbage in between would be taken for a gain.
 */
export function allocatedBytesPerStep(): number {
  const { pass, steps } = passesOf(shippedDomain, 1_000, registration);
  for (let warm = 0; warm < 20; warm++) pass();
  const passes = Array.from({ length: 10 }, () => {
    const before = process.memoryUsage().heapUsed;
    pass();
    return process.memoryUsage().heapUsed - before;
  });
  const usual = passes.sort((a, b) => a - b)[passes.length >> 1] ?? 0;
  return Math.round(usual / steps);
}

/** What an ACTIVE entity keeps in memory, its deadline included: bytes, over many of them. */
export function bytesPerEntity(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const kept = { entities: new LRUCache<string, Entity>({ max: TRACKED }), deadlines: new DeadlineIndex() };
  const partition = {} as Partition;
  const values = new InternedValues();
  const track = (index: number): void => {
    const { from } = heartbeats(shippedDomain, index);
    if (!from) return;
    kept.entities.set(from.id, values.internEntity(from));
    const owner = {
      partition,
      entityId: from.id,
      attemptId: from.attempt.id,
      correlationId: from.attempt.correlationIds[0] ?? "",
    };
    kept.deadlines.set(owner, {}, from.deadlines);
  };
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let index = 0; index < TRACKED; index++) track(index);
  collect();
  return Math.round((process.memoryUsage().heapUsed - before) / kept.entities.size);
}

interface Script {
  readonly from: Entity | undefined;
  readonly messages: readonly Message[];
}

type ScriptOf = (domain: Domain, index: number) => Script;

function measure(what: string, domain: Domain, count: number, scriptOf: ScriptOf): CoreResult {
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

/** Introspection, both confirmations, the accepted event on the bus, ACK: as the shell would hand them over. */
function registration(domain: Domain, index: number): Script {
  const id = `node-${index}`;
  const messages: Message[] = [];
  let entity: Entity | undefined;
  let asked: readonly Intent[] = [];
  const take = (message: Message): void => {
    messages.push(message);
    const decision = step(domain, entity, message);
    if (decision.result !== "changed") throw new Error(`${message.type}: ${decision.reason}`);
    entity = decision.entity;
    asked = [...asked, ...decision.intents];
  };
  const fromShell = (kind: Message["kind"], type: string, more: Partial<Message>): Message => ({
    kind,
    type,
    id: derivedId("bench", id, type),
    entityId: id,
    correlationId: derivedId("bench", id),
    payload: {},
    now: START_MS + messages.length,
    attemptId: entity?.attempt.id ?? "",
    ...more,
  });
  take(fromBus(domain, "NodeIntrospectionEvent", introspection(id, index), START_MS));
  for (const { type, id: intentId, payload } of asked) {
    const outcome = domain.effects.get(type)?.outputEvents[0] ?? "";
    take(fromShell("outcome", outcome, { intentId, payload }));
  }
  take(fromShell("published", "published(NodeRegistrationAccepted)", {}));
  take(fromBus(domain, "NodeRegistrationAcked", { node_id: id }, START_MS + messages.length));
  return { from: undefined, messages };
}

function heartbeats(domain: Domain, index: number): Script {
  const script = registration(domain, index);
  const from = script.messages.reduce<Entity | undefined>(
    (entity, each) => step(domain, entity, each).entity,
    undefined,
  );
  const beat = (_: unknown, n: number): Message =>
    fromBus(domain, "NodeHeartbeatEvent", { node_id: from?.id ?? "" }, START_MS + (n + 1) * 10_000);
  return { from, messages: Array.from({ length: HEARTBEATS }, beat) };
}

function fromBus(domain: Domain, type: string, payload: object, brokerTimeMs: number): Message {
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

/** With states that lead to one another, and that no entity is ever in. */
function widened(machine: Machine): Machine {
  const [state] = machine.states.values();
  if (!state) return machine;
  const states = new Map(machine.states);
  const table = new Map(machine.table);
  for (let i = 0; i < TRANSITIONS_MORE; i++) {
    const name = `extra-${i}`;
    const cell: TransitionCell = {
      conditions: [],
      results: [{ to: `extra-${(i + 1) % TRANSITIONS_MORE}`, entered: true, actions: [] }],
    };
    states.set(name, { ...state, name });
    table.set(name, new Map([[`trigger-${i}`, cell]]));
  }
  return { ...machine, states, table };
}
