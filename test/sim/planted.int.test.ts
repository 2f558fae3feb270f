import { describe, expect, it } from "vitest";
import { Fault } from "../../runtime/core/fault.ts";
import type { Sql, SqlValue, Store } from "../../runtime/ports/store.ts";
import { wrapped } from "../wrapped.ts";
import { domain } from "./registration/simulated-nodes.ts";
import { shrink } from "./shrink.ts";
import { simulate, type SimulationResult } from "./simulation.ts";
import type { PlantedDefect } from "./simulated-system.ts";

const SEEDS_MAX = 100;
const STEPS = 300;

/** The first history in which the defect breaks a promise. */
async function firstViolation(defect: PlantedDefect): Promise<SimulationResult | undefined> {
  for (let seed = 1; seed <= SEEDS_MAX; seed++) {
    const result = await simulate({ domain, seed, steps: STEPS, defect });
    if (result.violation) return result;
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

/** Changes the texts that a turn writes as lines. */
const withLines = (change: (lines: string) => string): NonNullable<PlantedDefect["ports"]> => {
  const changed = (value: SqlValue): SqlValue =>
    typeof value === "string" ? change(value) : Array.isArray(value) ? (value as SqlValue[]).map(changed) : value;
  return (ports) => ({
    ...ports,
    store: withQuery(ports.store, (sql, text, values) =>
      sql.query(text, text.startsWith("insert into rollcall.turn") ? values?.map(changed) : values),
    ),
  });
};
/** A statement that is not sent. */
const without = (beginning: string): NonNullable<PlantedDefect["ports"]> => {
  return (ports) => ({
    ...ports,
    store: withQuery(ports.store, (sql, text, values) =>
      text.startsWith(beginning) ? Promise.resolve([]) : sql.query(text, values),
    ),
  });
};

/** No defect: the response to a write of rows is lost, and the server does the write seconds later. */
const lateRows: NonNullable<PlantedDefect["ports"]> = (ports, _, { random, network }) => ({
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

/** Each planted defect, and promises: one of them must be reported as broken. */
const PLANTED: Readonly<Record<string, { readonly defect: PlantedDefect; readonly promises: readonly string[] }>> = {
  "a store that forgets that new contracts are in force": {
    promises: ["G14"],
    defect: {
      ports: (ports) => ({
        ...ports,
        store: withQuery(ports.store, async (sql, text, values) => {
          const rows = await sql.query(text, values);
          return text.includes("contract_in_force") && text.startsWith("select") ? [] : rows;
        }),
      }),
    },
  },
  "a store that forgets that a higher stateVersion is in force": {
    promises: ["G2", "G14"],
    defect: {
      ports: (ports) => ({
        ...ports,
        store: withQuery(ports.store, async (sql, text, values) => {
          const rows = await sql.query(text, values);
          const isRead = text.includes("contract_in_force") && text.startsWith("select");
          return isRead ? rows.map((row) => ({ ...row, stateVersion: 1 })) : rows;
        }),
      }),
    },
  },
  "a change of contracts that fences nobody": {
    promises: ["G14"],
    defect: {
      sql: (text) => text.replace("set epoch = epoch + 1, owner = '' where domain", "set epoch = epoch where domain"),
    },
  },
  "a store that never reports that an epoch has changed": {
    promises: ["G4", "G1", "G14"],
    defect: {
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
    promises: ["G3"],
    defect: {
      ports: (ports) => ({
        ...ports,
        store: withQuery(ports.store, (sql, text, values) =>
          text.includes("from rollcall.seen") ? Promise.resolve([]) : sql.query(text, values),
        ),
      }),
    },
  },
  "a store that loses the stored offsets": {
    promises: ["G1", "G3"],
    defect: {
      ports: (ports) => ({
        ...ports,
        store: withQuery(ports.store, (sql, text, values) =>
          text.includes("from rollcall.source_offset") ? Promise.resolve([]) : sql.query(text, values),
        ),
      }),
    },
  },
  "a bus that confirms what it has not published": {
    promises: ["G4"],
    defect: {
      ports: (ports, machine, system) => {
        const { bus } = ports;
        const publish = bus.publish.bind(bus);
        bus.publish = (messages, options) => publish(system.random.chance(0.02) ? [] : messages, options);
        return ports;
      },
    },
  },
  "a bus that changes what is published": {
    promises: ["G3"],
    defect: {
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
    promises: ["G8"],
    defect: {
      ports: (ports, _, system) => {
        const { broker, database } = system;
        system.network.readLagMaxMs = 1_700;
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
    promises: ["G7"],
    defect: {
      ports: (ports, machine) => {
        const { clock } = machine;
        const monotonicMs = clock.monotonicMs.bind(clock);
        clock.monotonicMs = () => 2 * monotonicMs();
        return ports;
      },
    },
  },
  "a catalog that confirms what it has not done": {
    promises: ["G5"],
    defect: {
      ports: (ports) => ({
        ...ports,
        registry: { apply: (changes) => Promise.resolve(changes.map(() => "written" as const)) },
      }),
    },
  },
  "a catalog that never removes anything": {
    promises: ["G10"],
    defect: {
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
  "a journal that does not say what a repeat was read from": {
    promises: ["G1"],
    defect: { ports: withLines((lines) => lines.replace(/("kind":"repeat".*),"origin":\{[^}]*\}/g, "$1")) },
  },
  "a journal that lacks a line": {
    promises: ["G13"],
    defect: { ports: withLines((lines) => lines.replace(/\n.*"kind":"intent".*/, "")) },
  },
  "a journal that does not name an entity's line before": {
    promises: ["G13"],
    defect: { ports: withLines((lines) => lines.replace(/"prev":(\d+),"entity_id":"node-2"/, '"entity_id":"node-2"')) },
  },
  "a journal that loses the intents that are open at midnight": {
    promises: ["G13"],
    defect: { ports: withLines((lines) => lines.replace(/"intents":\[\{[^\]]*\]/g, '"intents":[]')) },
  },
  "a pending_seq above an intent that is open": {
    promises: ["G10"],
    defect: { sql: (text) => text.replace("pending_seq = r.pending_seq", "pending_seq = r.next_seq") },
  },
  "parked intents that have no row": { promises: ["G10"], defect: { ports: without("insert into rollcall.intent") } },
  "rows of intents that have ended": { promises: ["G10"], defect: { ports: without("delete from rollcall.intent") } },
  "a row that an older version overwrites": {
    promises: ["G6"],
    defect: {
      ports: lateRows,
      sql: (text) => text.replace(/(where|and) held\.version <= (excluded\.version|given\.version::bigint)$/, ""),
    },
  },
  "an outage that leaves no trace": {
    promises: ["G9"],
    defect: {
      sql: (text) => text.replace("then clock_timestamp() else resumed_at end", "then resumed_at else resumed_at end"),
    },
  },
};

describe("the simulation detects", () => {
  it.each(Object.entries(PLANTED))("%s", { timeout: 300_000 }, async (_, { defect, promises }) => {
    const result = await firstViolation(defect);
    expect(promises).toContain(result?.violation?.promise);
  });

  it("no violation where rows are written late and their versions are compared", { timeout: 300_000 }, async () => {
    for (let seed = 1; seed <= 10; seed++)
      expect((await simulate({ domain, seed, steps: STEPS, defect: { ports: lateRows } })).violation).toBeUndefined();
  });

  it("a violation in the shortened history", { timeout: 300_000 }, async () => {
    const { defect } = PLANTED["a catalog that confirms what it has not done"] as { defect: PlantedDefect };
    const failed = (await firstViolation(defect)) as SimulationResult;
    const { result, kept } = await shrink(failed, { domain, defect });
    expect(result.violation?.promise).toBe(failed.violation?.promise);
    expect(kept.length).toBeLessThanOrEqual(3);
    expect(result.transcript.join("\n")).toContain("sends node-introspection");
  });
});
