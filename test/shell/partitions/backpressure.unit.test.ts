import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Entity } from "../../../runtime/core/entity.ts";
import { DEFAULT_LIMITS } from "../../../runtime/shell/limits.ts";
import { applyBackpressure, trimEntities } from "../../../runtime/shell/partitions/backpressure.ts";
import { Partition } from "../../../runtime/shell/partitions/partition.ts";
import { SharedBounds } from "../../../runtime/shell/partitions/shared-bounds.ts";
import { Standstill } from "../../../runtime/shell/partitions/standstill.ts";
import type { ShellContext } from "../../../runtime/shell/shell-context.ts";

const TOTAL = 1_200;
const PARTITIONS = 2;
/** Bytes of an entity's data. */
const LARGE = 1_000;
const KINDS = ["waitingBytes", "intents", "unpublished"] as const;
const limits = {
  ...DEFAULT_LIMITS,
  ...{ allWaitingBytesMax: TOTAL, intentsMax: TOTAL, unpublishedMax: TOTAL, entitiesMax: TOTAL },
  entityBytesMax: 60 * LARGE,
};

/** Monotonic ms. */
let nowMs = 0;

type Domain = ReturnType<typeof domainsOf>[number];

/** Domains of one process, with what each of them queues and which of its partitions are paused. */
function domainsOf(count: number) {
  const bounds = new SharedBounds(limits, count);
  return Array.from({ length: count }, () => {
    const start = { epoch: 1, nextSeq: 1, publishedSeq: 0, positions: new Map(), entitiesMax: TOTAL };
    const partitions = Array.from({ length: PARTITIONS }, (_, number) => new Partition({ ...start, number }));
    const paused = new Set<number>();
    const bus = {
      pause: (numbers: readonly number[]) => numbers.forEach((number) => paused.add(number)),
      resume: (numbers: readonly number[]) => numbers.forEach((number) => paused.delete(number)),
    };
    const owned = new Map(partitions.map((partition) => [partition.number, partition]));
    const clock = { monotonicMs: () => nowMs };
    const context = { bounds: bounds.share(), bus, clock, limits, owned } as unknown as ShellContext;
    const used = { waitingBytes: 0, intents: 0, unpublished: 0 };
    const apply = (): void => {
      for (const partition of partitions) partition.waitingBytes = used.waitingBytes / PARTITIONS;
      applyBackpressure(context, used);
    };
    return { used, paused, partitions, context, apply };
  });
}

const change = fc.record({
  domain: fc.nat(),
  kind: fc.constantFrom(...KINDS),
  amount: fc.integer({ min: 0, max: TOTAL + 100 }),
});

describe("a domain that fills its queues", () => {
  it("is paused at its bound, and the others go on within their own share, whatever came before", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.array(change, { maxLength: 100 }), (count, changes) => {
        const domains = domainsOf(count);
        const own = TOTAL / (count + 1);
        for (const { domain, kind, amount } of changes) {
          const changed = domains[domain % count] as Domain;
          changed.used[kind] = amount;
          changed.apply();
          const others = domains.filter((other) => other !== changed);
          const isFull = KINDS.some((each) => {
            const left = others.reduce((sum, { used }) => sum - Math.max(own, used[each]), TOTAL);
            return changed.used[each] >= Math.max(own, left);
          });
          if (isFull) expect(changed.paused.size).toBe(PARTITIONS);
          for (const { used, paused, apply } of domains) {
            const [isSmall, wasPaused] = [KINDS.every((each) => used[each] < own), paused.size > 0];
            apply();
            if (isSmall && !wasPaused) expect(paused.size).toBe(0);
            if (KINDS.every((each) => used[each] < own / 2)) expect(paused.size).toBe(0);
          }
        }
      }),
    );
  });

  it("is read again at half of its bound", () => {
    const [one, two] = domainsOf(2);
    const seen = [0, TOTAL / 2, (2 * TOTAL) / 3, TOTAL / 2, TOTAL / 3, TOTAL / 3 - 1].map((intents) => {
      if (one) one.used.intents = intents;
      one?.apply();
      two?.apply();
      return [one?.paused.size, two?.paused.size];
    });
    expect(seen.map(([paused]) => paused)).toEqual([0, 0, 2, 2, 2, 0]);
    expect(seen.map(([, paused]) => paused)).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it("stands still without an explanation once no turn has found its queues full any more", () => {
    const [one] = domainsOf(1);
    const standstill = new Standstill();
    const at = (ms: number, intents: number | null) => {
      nowMs = ms;
      if (one && intents !== null) one.used.intents = intents;
      if (intents !== null) one?.apply();
      standstill.update(one?.partitions ?? [], () => 1, ms);
      const partitions = one?.partitions ?? [];
      return [standstill.durations(partitions, ms).get(0), standstill.unexplained(partitions, ms).get(0)];
    };
    expect(at(0, TOTAL)).toEqual([0, 0]);
    expect(at(20_000, TOTAL)).toEqual([20_000, 0]);
    // The turn that has emptied them: the first record is taken a moment later.
    expect(at(30_000, 0)).toEqual([30_000, 0]);
    expect(at(31_000, null)).toEqual([31_000, 1_000]);
    expect(at(46_000, 0)).toEqual([46_000, 16_000]);
  });

  const add = (domain: Domain | undefined, number: number, ids: readonly number[], data: object = {}): void =>
    ids.forEach((id) => {
      const entity = { id: String(id), data } as Entity;
      domain?.partitions[number]?.entities.set(entity.id, { entity, lastLine: 1, lastLineMs: 0, lastSeenMs: null });
    });
  const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);
  const kept = (domain: Domain | undefined) => domain?.partitions.map(({ entities }) => entities.size);

  it("forgets entities that it has not used for longest, and those of the others stay", () => {
    const [one, two] = domainsOf(2);
    add(two, 0, range(0, 390));
    if (two) trimEntities(two.context);
    add(one, 0, range(0, 600));
    add(one, 1, range(600, 1_200));
    if (one) trimEntities(one.context);
    expect([kept(one), kept(two)]).toEqual([
      [400, 400],
      [390, 0],
    ]);
    expect(one?.partitions.map(({ entities }) => [entities.has("0"), entities.has("1199")])).toEqual([
      [false, false],
      [false, true],
    ]);
  });

  it("forgets large ones before there are many", () => {
    const [one, two] = domainsOf(2);
    const data = { text: "x".repeat(LARGE - '{"text":""}'.length) };
    add(one, 0, range(0, 30), data);
    add(one, 1, range(30, 60), data);
    add(two, 0, range(0, 10), data);
    if (one) trimEntities(one.context);
    if (two) trimEntities(two.context);
    // Two thirds of 60 that fit altogether, until the other one uses more than its own third.
    expect([kept(one), kept(two)]).toEqual([
      [20, 20],
      [10, 0],
    ]);
    add(one, 0, [0], {});
    expect(one?.partitions[0]?.entities.calculatedSize).toBe(20 * LARGE + 2);
  });
});
