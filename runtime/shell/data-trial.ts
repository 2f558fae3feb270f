import type { Domain } from "../core/domain.ts";
import type { Entity } from "../core/entity.ts";
import { loadData, UnreadableData } from "../core/entity-data.ts";
import type { Sql } from "../ports/store.ts";
import { countEntities, findEntitiesSinceLine } from "../stored/entities.ts";
import { readNextLines } from "../stored/partition-owners.ts";

const PAGE_SIZE = 500;
/** So many ways in which entities can't be read are named. */
const NAMED_MAX = 10;
/** When so many can't be read the others are not tried. */
const UNREADABLE_MAX = 10_000;

/** How many entities were tried, of about how many. */
export interface TrialProgress {
  readonly tried: number;
  readonly of: number;
}

/** Entities that can't be read in the same way. */
interface Unreadable {
  readonly problem: string;
  count: number;
  readonly example: string;
}

/** Tries whether a domain's code can read what is stored of each of its entities. Nothing is written. */
export class DataTrial {
  readonly #domain: Domain;
  readonly #onTried: (progress: TrialProgress) => void;
  /** Of each partition the first line that `tryAll` may not have seen: what changes later is tried again. */
  #nextLines: readonly { readonly partition: number; readonly nextLine: number }[] = [];
  /** By entity: one that has changed counts as it is now. */
  readonly #problems = new Map<string, string>();

  constructor(domain: Domain, onTried: (progress: TrialProgress) => void = () => {}) {
    this.#domain = domain;
    this.#onTried = onTried;
  }

  /** Every entity, while turns go on. */
  async tryAll(sql: Sql): Promise<void> {
    this.#nextLines = await readNextLines(sql, this.#domain.name);
    const of = await countEntities(sql, this.#domain.name);
    let tried = 0;
    for (const { partition } of this.#nextLines)
      for await (const entities of this.#pages(sql, partition, 0)) {
        for (const entity of entities) this.#try(entity);
        tried += entities.length;
        this.#onTried({ tried, of: Math.max(tried, of) });
        if (this.#problems.size >= UNREADABLE_MAX) return;
      }
  }

  /** Those that have changed since, while no turn can be committed. */
  async tryChanged(tx: Sql): Promise<void> {
    for (const { partition, nextLine } of this.#nextLines)
      for await (const entities of this.#pages(tx, partition, nextLine))
        for (const entity of entities) this.#try(entity);
  }

  /** Why the code can't take them on, what most have first; empty: it can read them all. */
  get reasons(): string[] {
    const found = new Map<string, Unreadable>();
    for (const [example, problem] of this.#problems) {
      const same = found.get(problem);
      if (same) same.count++;
      else found.set(problem, { problem, count: 1, example });
    }
    const all = [...found.values()].sort((a, b) => b.count - a.count);
    const more = all.slice(NAMED_MAX).reduce((sum, { count }) => sum + count, 0);
    const reasons = all.slice(0, NAMED_MAX).map((each) => unreadableText(this.#domain, each));
    if (more > 0) reasons.push(`${more} more can't be read in other ways`);
    if (this.#problems.size >= UNREADABLE_MAX) reasons.push("so many are wrong that the others were not tried");
    return reasons;
  }

  #try({ id, data }: Entity): void {
    try {
      loadData(this.#domain, data);
      this.#problems.delete(id);
    } catch (error) {
      if (!(error instanceof UnreadableData)) throw error;
      this.#problems.set(id, error.message);
    }
  }

  async *#pages(sql: Sql, partition: number, line: number): AsyncGenerator<readonly Entity[]> {
    for (let after = ""; ;) {
      const page = { after, limit: PAGE_SIZE };
      const records = await findEntitiesSinceLine(sql, this.#domain.name, partition, line, page);
      const last = records.at(-1);
      if (!last) return;
      yield records.map(({ entity }) => entity);
      after = last.entity.id;
    }
  }
}

function unreadableText({ stateVersion }: Domain, { problem, count, example }: Unreadable): string {
  const entities = count === 1 ? "1 entity" : `${count} entities`;
  return (
    `${entities} can't be read under stateVersion ${stateVersion}, ${problem} (${example} for one): ` +
    "let `upcast` make of it what the schema takes, or give the field a default"
  );
}
