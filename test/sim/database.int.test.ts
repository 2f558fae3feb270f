import { describe, expect, it } from "vitest";
import { migrate } from "../../runtime/adapters/sql/migrate.ts";
import type { Sql } from "../../runtime/ports/store.ts";
import { openInitializedStore } from "../initialized-store.ts";
import type { Executed } from "./database.ts";
import { MIGRATIONS, SCHEMAS } from "./registration/domain.ts";
import { domain } from "./registration/simulated-nodes.ts";
import { simulate } from "./simulation.ts";
import type { SimulatedSystem } from "./simulated-system.ts";

/** Columns that depend on the server's clock: not compared. */
const TIMES = /(_ms|served_at|resumed_at|registered_at|updated_at)$/;

const comparable = (rows: readonly object[] | undefined): string[] =>
  (rows ?? [])
    .map((row) =>
      JSON.stringify(
        Object.entries(row)
          .filter(([name]) => !TIMES.test(name))
          .sort(([a], [b]) => (a < b ? -1 : 1)),
      ),
    )
    .sort();

/** A history's transactions in the order of their commits, each with its statements; what was undone is left out. */
async function recorded(
  seed: number,
): Promise<{ readonly committed: readonly Executed[][]; readonly system: SimulatedSystem }> {
  const open = new Map<number, Executed[]>();
  const committed: Executed[][] = [];
  let system: SimulatedSystem | undefined;
  const result = await simulate({
    domain,
    seed,
    steps: 120,
    onSystem: (created) => {
      system = created;
      created.database.onExecuted = (executed) => {
        if ("text" in executed) open.set(executed.transaction, [...(open.get(executed.transaction) ?? []), executed]);
        else {
          if (executed.end === "commit") committed.push(open.get(executed.transaction) ?? []);
          open.delete(executed.transaction);
        }
      };
    },
  });
  expect(result.violation).toBeUndefined();
  return { committed: committed.filter((statements) => statements.length > 0), system: system as SimulatedSystem };
}

describe("the simulated database", () => {
  it.each([3, 11, 27])("answers and keeps what Postgres does, over history %i", { timeout: 300_000 }, async (seed) => {
    const { committed, system } = await recorded(seed);
    const store = await openInitializedStore();
    try {
      await migrate(
        store,
        MIGRATIONS.map((directory, i) => ({ scope: `sim-${i}`, directory })),
      );
      const texts = new Set<string>();
      const run = async (sql: Sql, { text, values, rows }: Executed): Promise<void> => {
        texts.add(text);
        const answered = await sql.query<object>(text, values);
        expect({ text, rows: comparable(answered) }).toEqual({ text, rows: comparable(rows) });
      };
      for (const statements of committed)
        await store.transaction(async (tx) => {
          for (const statement of statements) await run(tx, statement);
        });
      expect(texts.size).toBeGreaterThan(15);
      for (const { name } of SCHEMAS) {
        const kept = await store.query<object>(`select * from rollcall.${name}`);
        const [simulated] = [system.database.execute(system.database.begin(), `select * from ${name}`, [])];
        expect({ name, rows: comparable(kept) }).toEqual({ name, rows: comparable(simulated) });
      }
    } finally {
      await store.close();
    }
  });
});
