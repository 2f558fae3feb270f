import type { UnreadableData } from "../../core/entity-data.ts";
import type { Partition } from "../partitions/partition.ts";

/** An entity whose stored data the domain's code can't read. */
interface UnreadableEntity {
  readonly entityId: string;
  readonly partition: Partition;
  readonly problem: UnreadableData;
  /** Broker time at which that was found first, ms since the epoch. */
  readonly foundAtMs: number;
}

const EXAMPLES_MAX = 3;

/** The entities of owned partitions that can't be read. Their deadlines stay in the index and are asked again. */
export class UnreadableEntities {
  readonly #entities = new Map<string, UnreadableEntity>();

  get size(): number {
    return this.#entities.size;
  }

  /** How many there are, since when, where, and some of them. */
  get summary() {
    const all = [...this.#entities.values()];
    return {
      count: all.length,
      foundAtMs: all.reduce((first, { foundAtMs }) => Math.min(first, foundAtMs), Number.POSITIVE_INFINITY),
      partitions: [...new Set(all.map(({ partition }) => partition.number))].sort((a, b) => a - b),
      examples: all.slice(0, EXAMPLES_MAX).map(({ entityId, problem }) => ({ entityId, problem: problem.message })),
    };
  }

  has(entityId: string): boolean {
    return this.#entities.has(entityId);
  }

  problemOf(entityId: string): UnreadableData | undefined {
    return this.#entities.get(entityId)?.problem;
  }

  /** Those that were looked at longest ago. */
  oldest(max: number): readonly UnreadableEntity[] {
    return [...this.#entities.values()].slice(0, max);
  }

  add(partition: Partition, entityId: string, problem: UnreadableData, nowMs: number): void {
    const known = this.#entities.get(entityId);
    this.#entities.delete(entityId);
    const foundAtMs = known?.partition === partition ? known.foundAtMs : nowMs;
    this.#entities.set(entityId, { entityId, partition, problem, foundAtMs });
  }

  /** It can be read, or is gone. @returns whether it was among them */
  delete(entityId: string): boolean {
    return this.#entities.delete(entityId);
  }

  dropLost(): void {
    for (const [entityId, { partition }] of this.#entities) if (partition.isLost) this.#entities.delete(entityId);
  }
}
