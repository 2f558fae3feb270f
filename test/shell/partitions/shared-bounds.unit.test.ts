import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS } from "../../../runtime/shell/limits.ts";
import { SharedBounds } from "../../../runtime/shell/partitions/shared-bounds.ts";

const TOTAL = 1_000;
const domainsSharing = (count: number) => {
  const bounds = new SharedBounds({ ...DEFAULT_LIMITS, intentsMax: TOTAL }, count);
  return Array.from({ length: count }, () => bounds.share());
};
const change = fc.record({ domain: fc.nat(), amount: fc.integer({ min: 1, max: 60 }), isDone: fc.boolean() });

describe("bounds that domains share", () => {
  it("are never exceeded by more than one message, and never take away a domain's own share", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 7 }), fc.array(change, { maxLength: 300 }), (count, changes) => {
        const shares = domainsSharing(count);
        const used = shares.map(() => 0);
        for (const { domain, amount, isDone } of changes) {
          const at = domain % count;
          const now = used[at] ?? 0;
          const share = shares[at];
          const mayTake = share !== undefined && now < share.use("intents", now);
          if (now < TOTAL / (count + 1)) expect(mayTake).toBe(true);
          if (isDone) used[at] = Math.max(0, now - amount);
          else if (mayTake) used[at] = now + amount;
          share?.use("intents", used[at] ?? 0);
          expect(used.reduce((sum, each) => sum + each)).toBeLessThan(TOTAL + 60);
        }
      }),
    );
  });

  it("give a single domain everything", () => {
    fc.assert(
      fc.property(fc.nat({ max: 2 * TOTAL }), (amount) => {
        const [only] = domainsSharing(1);
        expect(only?.use("intents", amount)).toBe(TOTAL);
      }),
    );
  });

  it("give what the others don't need to the one that does, and back when it is done", () => {
    const [one, two, three] = domainsSharing(3);
    expect(one?.use("intents", 500)).toBe(500);
    expect(two?.use("intents", 100)).toBe(250);
    expect(three?.use("intents", 0)).toBe(250);
    one?.release();
    expect(two?.use("intents", 100)).toBe(500);
  });

  it("count each kind of amount by itself", () => {
    const [one, two] = domainsSharing(2);
    one?.use("intents", TOTAL);
    expect(two?.use("unpublished", 0)).toBeCloseTo((DEFAULT_LIMITS.unpublishedMax * 2) / 3);
  });
});
