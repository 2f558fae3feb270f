import { partitionOf } from "../runtime/core/murmur2.ts";
import type { EventBus } from "../runtime/ports/event-bus.ts";
import type { Sql, SqlValue, Store } from "../runtime/ports/store.ts";
import { Runtime } from "../runtime/shell/runtime.ts";
import { Broker } from "../test/sim/broker.ts";
import { SimCatalog, SimRegistry } from "../test/sim/catalog.ts";
import { Database, SimStore } from "../test/sim/database.ts";
import { EPOCH_MS, Machine } from "../test/sim/machine.ts";
import { Random } from "../test/sim/random.ts";
import { Scheduler } from "../test/sim/scheduler.ts";
import { SimBus } from "../test/sim/sim-bus.ts";
import { Network } from "../test/sim/network.ts";
import type { SimulatedDomain } from "../test/sim/simulated-domain.ts";
import { wrapped } from "../test/wrapped.ts";

/** What one entity asks of the services; the same on every machine and in every run. */
export interface Counts {
  readonly transactions: number;
  readonly statements: number;
  readonly rowsWritten: number;
  /** Rows of the journal, their lines, and the text of those. */
  readonly turnRows: number;
  readonly lines: number;
  readonly lineBytes: number;
  readonly parameterBytes: number;
  readonly produceCalls: number;
  readonly eventBytes: number;
  readonly registryCalls: number;
}
type Tally = { -readonly [Name in keyof Counts]: number };

/** Entities that are counted, each from its first message until it is done. */
export interface CountedLoad {
  readonly domain: Pick<SimulatedDomain, "name" | "domainOn" | "schemas" | "inputs">;
  /** @param at RFC 3339 */
  begin(index: number, at: string): CountedMessage;
  /** What the entity's owner sends when an event of it is published. */
  answer(topic: string, id: string): CountedMessage | undefined;
  /** Whether an event that is published there is an entity's last. */
  isDone(topic: string): boolean;
}
interface CountedMessage {
  readonly topic: string;
  readonly id: string;
  readonly payload: object;
}

const PARTITIONS = 12;
const READY_MS = 5_000;
/** Long enough for all that an entity asks for, and shorter than any deadline. */
const WATCHED_MS = 10_000;
const ANSWER_AFTER_MS = 1;

/**
 * Entities that come at once, so many for each of `batches`, through the real shell and core on simulated services with
 * even latencies: what one of them asks for. What a process does by itself in that time is not counted.
 */
export async function countsOf(load: CountedLoad, batches: readonly number[]): Promise<ReadonlyMap<number, Counts>> {
  const idle = await tallied(load, 0);
  const counts = new Map<number, Counts>();
  for (const batch of batches) {
    const busy = await tallied(load, batch);
    const each = ([name, count]: [string, number]) => [
      name,
      Number(((count - idle[name as keyof Counts]) / batch).toFixed(3)),
    ];
    counts.set(batch, Object.fromEntries(Object.entries(busy).map(each)) as Counts);
  }
  return counts;
}

async function tallied(load: CountedLoad, count: number): Promise<Tally> {
  const tally: Tally = {
    transactions: 0,
    statements: 0,
    rowsWritten: 0,
    turnRows: 0,
    lines: 0,
    lineBytes: 0,
    parameterBytes: 0,
    produceCalls: 0,
    eventBytes: 0,
    registryCalls: 0,
  };
  const { scheduler, machine, start, send, done } = countedWorld(load, tally);
  start();
  await scheduler.run(READY_MS, () => {});
  Object.keys(tally).forEach((name) => (tally[name as keyof Counts] = 0));
  const at = new Date(EPOCH_MS + READY_MS).toISOString();
  for (let i = 0; i < count; i++) send(load.begin(i, at));
  await scheduler.run(READY_MS + WATCHED_MS, () => {});
  machine.kill();
  if (done() !== count) throw new Error(`${done()} of ${count} entities were done`);
  return tally;
}

/** Simulated services with even latencies, each with its calls counted, and a runtime on them. */
function countedWorld({ domain, answer, isDone }: CountedLoad, tally: Tally) {
  const random = new Random(1);
  const scheduler = new Scheduler();
  const network = new Network(scheduler, random);
  network.readLagMaxMs = 0;
  network.oneWayDelayMs = () => 1;
  const broker = new Broker(network, PARTITIONS, READY_MS);
  const database = new Database(domain.schemas, network);
  const machine = new Machine("counted", scheduler, random, 0);
  const store = countedStore(new SimStore(database, machine), tally);
  const send = ({ topic, id, payload }: CountedMessage): void =>
    void broker.append({
      topic,
      partition: partitionOf(id, PARTITIONS),
      key: Buffer.from(id),
      value: Buffer.from(JSON.stringify(payload)),
      headers: { message_id: random.uuid() },
    });
  let done = 0;
  broker.create(domain.inputs);
  broker.read(({ topic, key, value }) => {
    if (domain.inputs.includes(topic)) return;
    tally.eventBytes += value?.length ?? 0;
    if (isDone(topic)) done++;
    const answered = answer(topic, String(key));
    if (answered) scheduler.after(ANSWER_AFTER_MS, () => send(answered));
  });
  database.onCommit = (changes) => {
    tally.rowsWritten += changes.length;
    for (const { table, after } of changes)
      if (table.schema.name === "turn" && after) {
        tally.turnRows++;
        tally.lines += Number(after["last_seq"]) - Number(after["seq"]) + 1;
        tally.lineBytes += Buffer.byteLength(String(after["lines"]));
      }
  };
  const registry = countedRegistry(new SimRegistry(new SimCatalog(network, domain.name), machine), tally);
  const bus = countedBus(new SimBus(broker, machine), tally);
  const runtime = new Runtime({
    domain: domain.domainOn(registry, store),
    bus,
    store,
    clock: machine.clock,
    owner: "counted",
    partitions: PARTITIONS,
    observe: () => {},
    onFatal: (error) => {
      throw error;
    },
  });
  return { scheduler, machine, send, start: () => void runtime.start(), done: () => done };
}

const countedRegistry = (registry: SimRegistry, tally: Tally): Pick<SimRegistry, "apply"> => ({
  apply: (changes, signal) => {
    tally.registryCalls++;
    return registry.apply(changes, signal);
  },
});

function countedStore(store: Store, tally: Tally): Store {
  const counted =
    (sql: Sql): Sql["query"] =>
    (text, values = []) => {
      tally.statements++;
      tally.parameterBytes += values.reduce<number>((sum, value) => sum + bytesOf(value), 0);
      return sql.query(text, values);
    };
  return wrapped(store, {
    query: counted(store),
    transaction: (work) => {
      tally.transactions++;
      return store.transaction((tx) => work({ query: counted(tx) }));
    },
  });
}

const countedBus = (bus: EventBus, tally: Tally): EventBus =>
  wrapped(bus, {
    publish: (messages, options) => {
      tally.produceCalls++;
      return bus.publish(messages, options);
    },
  });

function bytesOf(value: SqlValue): number {
  if (Array.isArray(value)) return (value as readonly SqlValue[]).reduce<number>((sum, each) => sum + bytesOf(each), 0);
  if (value === null) return 0;
  if (typeof value === "string") return Buffer.byteLength(value);
  return value instanceof Uint8Array ? value.length : 8;
}
