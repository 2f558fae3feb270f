import { describe, expect, it } from "vitest";
import type { Store } from "../../../runtime/ports/store.ts";
import { wrapped } from "../../wrapped.ts";
import { domain as pages } from "../lifecycles/simulated-pages.ts";
import { domain as nodes } from "../registration/simulated-nodes.ts";
import type { SimulatedDomain } from "../simulated-domain.ts";
import { domain as orders } from "../simulated-orders.ts";
import type { PlantedDefect, SimulatedSystem } from "../simulated-system.ts";
import { simulate } from "../simulation.ts";

const STEPS = 300;
const SEEDS_MAX = 100;

/** A page of the journal, as readers for followers get it. */
type Page = readonly { readonly partition: number; readonly lines: string | null }[];

/** Changes what is read for followers: what a process hears of itself stays as it is. */
const withPages = (change: (page: Page, system: SimulatedSystem) => Page): PlantedDefect => ({
  ports: (ports, _, system) => {
    const { store } = ports;
    const query: Store["query"] = async (text, values) => {
      const rows = await store.query<never>(text, values);
      return text.includes("bytes_before") ? (change(rows, system) as never) : rows;
    };
    return { ...ports, store: wrapped(store, { query }) };
  },
});

/** The first line behind a takeover is not among those that are read. */
function skippingAfterTakeover(): PlantedDefect {
  const known = new Map<unknown, unknown>();
  return withPages((page, { database }) => {
    const epochs = new Map(database.table("partition_owner").map((row) => [row["partition"], row["epoch"]]));
    const taken = new Set(
      page.flatMap(({ partition }) => (known.get(partition) === epochs.get(partition) ? [] : partition)),
    );
    for (const { partition } of page) known.set(partition, epochs.get(partition));
    return page.filter(({ partition }) => !taken.delete(partition));
  });
}

const PLANTED: Readonly<Record<string, readonly [SimulatedDomain, PlantedDefect]>> = {
  "a reader that skips a line after a takeover": [nodes, skippingAfterTakeover()],
  "a follower that is told a step twice": [nodes, withPages((page) => page.flatMap((row) => [row, row]))],
  "a follower that is not told of a purge": [
    pages,
    withPages((page) =>
      page.map((row) => ({ ...row, lines: row.lines?.replaceAll('"of":"purge"', '"of":"drift"') ?? null })),
    ),
  ],
};

describe("who follows a message in the simulation", { timeout: 300_000 }, () => {
  it.each(Object.entries({ nodes, orders, pages }))("hears each answer once: %s", async (_, domain) => {
    const ends: Record<string, number> = {};
    for (let seed = 1; seed <= 20; seed++) {
      const { violation, followEnds } = await simulate({ domain, seed, steps: STEPS });
      expect(violation).toBeUndefined();
      for (const [end, times] of Object.entries(followEnds)) ends[end] = (ends[end] ?? 0) + times;
    }
    // All of a document's life is one attempt, so that few who follow it come to its end.
    expect(ends["complete"]).toBeGreaterThan(domain === pages ? 20 : 100);
    for (const end of ["aborted", "not_taken", "stopped"]) expect(Object.keys(ends)).toContain(end);
    if (domain === pages) expect(ends["purged"]).toBeGreaterThan(0);
  });

  it.each(Object.entries(PLANTED))("shows %s", async (_, [domain, defect]) => {
    const found: string[] = [];
    for (let seed = 1; seed <= SEEDS_MAX && found.length === 0; seed++) {
      const { violation } = await simulate({ domain, seed, steps: STEPS, defect });
      if (violation) found.push(violation.promise);
    }
    expect(found).toEqual(["G15"]);
  });
});
