import { describe, expect, it } from "vitest";
import { Fault } from "../../runtime/core/fault.ts";
import type { Sql, Store } from "../../runtime/ports/store.ts";
import { wrapped } from "../wrapped.ts";
import { shrink } from "./shrink.ts";
import { simulate, type SimulationResult } from "./simulation.ts";
import type { Plant } from "./world.ts";

const SEEDS_MAX = 40;
const STEPS = 300;

/** The first history in which a planted defect is detected. */
async function caught(plant: Plant): Promise<SimulationResult | undefined> {
  for (let seed = 1; seed <= SEEDS_MAX; seed++) {
    const result = await simulate({ seed, steps: STEPS, plant });
    if (result.breach) return result;
  }
  return undefined;
}

type Query = (sql: Sql, text: string, values: Parameters<Sql["query"]>[1]) => Promise<unknown[]>;

const withQuery = (store: Store, query: Query): Store =>
  wrapped(store, {
    query: (text, values) => query(store, text, values) as never,
    transaction: (work) =>
      store.transaction((tx) => work({ query: (text, values) => query(tx, text, values) as never })),
  });

/** No defect: the answer to a write of rows is lost, and the server gets round to it seconds later. */
const lateRows: NonNullable<Plant["ports"]> = (ports, _, { random, network }) => ({
  ...ports,
  store: wrapped(ports.store, {
    query: (text, values) => {
      const isWrite = text.includes("rollcall.node_registrations") && !text.trimStart().startsWith("select");
      if (!isWrite || random.chance(0.9)) return ports.store.query(text, values);
      network.scheduler.after(random.next() * 8_000, () => void ports.store.query(text, values).catch(() => {}));
      return Promise.reject(new Fault("STORE_UNAVAILABLE", "no answer", { retryable: true }));
    },
  }),
});

/** Each planted defect, and the promises of which one must be reported as broken. */
const PLANTED: Readonly<Record<string, { readonly plant: Plant; readonly names: readonly string[] }>> = {
  "a store that forgets that new contracts are in force": {
    names: ["G14"],
    plant: {
      ports: (ports) => ({
        ...ports,
        store: withQuery(ports.store, async (sql, text, values) => {
          const rows = await sql.query(text, values);
          return text.includes("contract_in_force") && text.startsWith("select") ? [] : rows;
        }),
      }),
    },
  },
  "a change of contracts that fences nobody": {
    names: ["G14"],
    plant: {
      sql: (text) => text.replace("set epoch = epoch + 1, owner = '' where domain", "set epoch = epoch where domain"),
    },
  },
  "a store that never reports that an epoch has changed": {
    names: ["G4", "G1", "G14"],
    plant: {
      ports: (ports) => {
        const known = new Map<number, number>();
        return {
          ...ports,
          store: withQuery(ports.store, async (sql, text, values) => {
            const rows = (await sql.query(text, values)) as { partition: number; epoch: number }[];
            if (text.includes("epoch = o.epoch + 1"))
              for (const { partition, epoch } of rows) known.set(partition, epoch);
            if (!text.includes("epoch, turn_id")) return rows;
            return rows.map((row) => ({ ...row, epoch: known.get(row.partition) ?? row.epoch }));
          }),
        };
      },
    },
  },
  "a store that has seen no message before": {
    names: ["G3"],
    plant: {
      ports: (ports) => ({
        ...ports,
        store: withQuery(ports.store, (sql, text, values) =>
          text.includes("from rollcall.seen") ? Promise.resolve([]) : sql.query(text, values),
        ),
      }),
    },
  },
  "a store that loses the stored offsets": {
    names: ["G1", "G3"],
    plant: {
      ports: (ports) => ({
        ...ports,
        store: withQuery(ports.store, (sql, text, values) =>
          text.includes("from rollcall.source_offset") ? Promise.resolve([]) : sql.query(text, values),
        ),
      }),
    },
  },
  "a bus that confirms what it has not published": {
    names: ["G4"],
    plant: {
      ports: (ports, machine, world) => {
        const { bus } = ports;
        const publish = bus.publish.bind(bus);
        bus.publish = (messages, options) => publish(world.random.chance(0.02) ? [] : messages, options);
        return ports;
      },
    },
  },
  "a bus that changes what is published": {
    names: ["G3"],
    plant: {
      ports: (ports) => {
        const publish = ports.bus.publish.bind(ports.bus);
        ports.bus.publish = (messages, options) =>
          publish(
            messages.map((message) => ({ ...message, headers: { ...message.headers, at: String(Math.random()) } })),
            options,
          );
        return ports;
      },
    },
  },
  "a bus that reports the read position as the log's end": {
    names: ["G8"],
    plant: {
      ports: (ports, _, world) => {
        const { broker, database } = world;
        world.network.behindMs = 1_700;
        const ask = ports.bus.logEnds.bind(ports.bus);
        ports.bus.logEnds = async (topics, options) => {
          await ask(topics, options);
          const stored = database.table("source_offset");
          const high = (topic: string, partition: number): number =>
            Number(
              stored.find((row) => row["topic"] === topic && row["partition"] === partition)?.["next_offset"] ?? 0,
            );
          const ends = (topic: string) =>
            Array.from({ length: broker.partitions }, (_each, i) => [i, { low: 0, high: high(topic, i) }] as const);
          return new Map(topics.map((topic) => [topic, new Map(ends(topic))]));
        };
        return ports;
      },
    },
  },
  "a clock that runs twice as fast": {
    names: ["G7"],
    plant: {
      ports: (ports, machine) => {
        const { clock } = machine;
        const monotonicMs = clock.monotonicMs.bind(clock);
        clock.monotonicMs = () => 2 * monotonicMs();
        return ports;
      },
    },
  },
  "a catalog that confirms what it has not done": {
    names: ["G5"],
    plant: {
      ports: (ports) => ({
        ...ports,
        registry: { apply: (changes) => Promise.resolve(changes.map(() => "written" as const)) },
      }),
    },
  },
  "a catalog that never removes anything": {
    names: ["G10"],
    plant: {
      ports: (ports) => ({
        ...ports,
        registry: {
          apply: async (changes, signal) => {
            const kept = changes.filter(({ kind }) => kind !== "deregister");
            const endings = await ports.registry.apply(kept, signal);
            return changes.map((change) => endings[kept.indexOf(change)] ?? "written");
          },
        },
      }),
    },
  },
  "a journal that loses repeats": {
    names: ["G1"],
    plant: { sql: (text) => (text.includes("insert into rollcall.journal") ? `${text} where kind <> 'repeat'` : text) },
  },
  "a row that an older version overwrites": {
    names: ["G6"],
    plant: {
      ports: lateRows,
      sql: (text) => text.replace(/(where|and) held\.version <= (excluded\.version|given\.version::bigint)$/, ""),
    },
  },
  "an outage that leaves no trace": {
    names: ["G9"],
    plant: {
      sql: (text) => text.replace("then clock_timestamp() else resumed_at end", "then resumed_at else resumed_at end"),
    },
  },
};

describe("the simulation detects", () => {
  it.each(Object.entries(PLANTED))("%s", { timeout: 300_000 }, async (_, { plant, names }) => {
    const result = await caught(plant);
    expect(names).toContain(result?.breach?.promise);
  });

  it("no breach where rows are written late and their versions are compared", { timeout: 300_000 }, async () => {
    for (let seed = 1; seed <= 10; seed++)
      expect((await simulate({ seed, steps: STEPS, plant: { ports: lateRows } })).breach).toBeUndefined();
  });

  it("a breach in the shortened history", { timeout: 300_000 }, async () => {
    const { plant } = PLANTED["a catalog that confirms what it has not done"] as { plant: Plant };
    const failed = (await caught(plant)) as SimulationResult;
    const { result, kept } = await shrink(failed, plant);
    expect(result.breach?.promise).toBe(failed.breach?.promise);
    expect(kept.length).toBeLessThanOrEqual(3);
    expect(result.story.join("\n")).toContain("sends node-introspection");
  });
});
