import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Entity } from "../../runtime/core/entity.ts";
import type { Intent } from "../../runtime/core/intent.ts";
import type { JournalLine } from "../../runtime/core/journal.ts";
import type { Message } from "../../runtime/core/message.ts";
import { outcomeMessage, purgeMessage } from "../../runtime/core/runtime-messages.ts";
import { step } from "../../runtime/core/step.ts";
import { createPlanner } from "../../runtime/replay/plan.ts";
import { ordersDomain } from "../shell/orders.ts";
import { retainedFor } from "../shell/purges/retained.ts";
import { replayed } from "./registration/recorded-history.ts";
import { journalOf, type WrittenTurn } from "./written-journal.ts";

const RUNS = Number(process.env["ROLLCALL_PROPERTY_RUNS"] ?? 300);
const DAY_MS = 86_400_000;
const START = Date.parse("2026-03-01T12:00:00Z");
const domain = ordersDomain({ changed: retainedFor(7 * DAY_MS) });

type Happening = "place" | "cancel" | "charged" | "refunded" | "purge" | "tomorrow" | "next week";
const anyHappening = fc.constantFrom<Happening>(
  ...(["place", "cancel", "charged", "refunded", "purge", "purge", "tomorrow", "next week"] as const),
);

/** Lives of one order as the shell writes them: purged, and begun anew under the same id. */
function lives(happenings: readonly Happening[]) {
  let entity: Entity | undefined;
  let now = START;
  let offset = 0;
  const open: Intent[] = [];
  const turns: { atMs: number; items: WrittenTurn["items"][number][] }[] = [{ atMs: now, items: [] }];
  const take = (item: Message | { readonly ended: Intent }): void => {
    turns.at(-1)?.items.push(item);
    if ("ended" in item) return;
    const decision = step(domain, entity, item);
    open.push(...decision.intents);
    ({ entity } = decision);
  };
  const said = (type: string, payload: object): Message => ({
    ...{ kind: "bus", type, id: `00000000-0000-4000-8000-${String(offset).padStart(12, "0")}`, entityId: "o1", now },
    ...{ correlationId: "c1", payload: { order_id: "o1", ...payload } },
    origin: { topic: "test.shop.place-order", partition: 0, offset: offset++ },
  });
  const settle = (type: string, settled: (intent: Intent) => void): void => {
    const at = open.findIndex((intent) => intent.type === type);
    for (const intent of at < 0 ? [] : open.splice(at, 1)) settled(intent);
  };
  for (const happening of happenings) {
    now++;
    if (happening === "place") take(said("PlaceOrder", { amount: offset + 1 }));
    else if (happening === "cancel") take(said("CancelOrder", {}));
    else if (happening === "charged")
      settle("card.charge", (intent) => take(outcomeMessage(intent, { type: "CardCharged", payload: {} }, now)));
    else if (happening === "refunded") settle("card.refund", (ended) => take({ ended }));
    else if (happening === "purge") {
      if (entity) take(purgeMessage("orders", entity, "retain", now));
    } else {
      now += (happening === "tomorrow" ? 1 : 7) * DAY_MS;
      turns.push({ atMs: now, items: [] });
    }
  }
  return journalOf(domain, turns);
}

const dayOf = (line: JournalLine | undefined): string => line?.at.slice(0, 10) ?? "";
const FULL_LIFE: readonly Happening[] = ["place", "charged", "cancel", "next week", "purge", "refunded"];

describe("the journal of entities that are purged", () => {
  it("is reproduced byte for byte, and from the beginning of any of its days on", () => {
    const seen = { purges: 0, reborn: 0, days: 0 };
    fc.assert(
      fc.property(fc.array(anyHappening, { minLength: 5, maxLength: 50, size: "max" }), (happenings) => {
        const { lines } = lives(happenings);
        expect(replayed(lines, [], domain)).toMatchObject({ found: [], reasons: [], reworded: 0 });
        const isPurge = (line: JournalLine) =>
          line.kind === "message" && line.of === "purge" && line.result === "changed";
        const first = lines.findIndex(isPurge);
        seen.purges += lines.filter(isPurge).length;
        if (first >= 0 && lines.slice(first).some(({ kind }) => kind === "event")) seen.reborn++;
        for (const [index, line] of lines.entries()) {
          if (index === 0 || dayOf(lines[index - 1]) === dayOf(line)) continue;
          seen.days++;
          const next = lines.findIndex((each, later) => later > index && dayOf(each) !== dayOf(line));
          const day = lines.slice(index, next < 0 ? undefined : next);
          expect(replayed(day, [], domain)).toMatchObject({ found: [], reasons: [], reworded: 0 });
        }
      }),
      { numRuns: RUNS },
    );
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(30);
  }, 120_000);

  it("is reproduced over a tombstone that is gone: the entity begins anew", () => {
    const { lines } = lives(FULL_LIFE);
    const again = lives(["place"]).lines.map((line) => ({ ...line, seq: line.seq + lines.length }));
    const [step_, ...rest] = again;
    const relinked = [step_, ...rest.map((line) => ({ ...line, prev: line.seq - 1 }))] as JournalLine[];
    expect(replayed([...lines, ...relinked], [], domain)).toMatchObject({ found: [], reasons: [] });
  });

  it("differs where a number goes back, or where it was purged at another time", () => {
    const { lines } = lives([...FULL_LIFE, "place"]);
    const fields = (changed: readonly JournalLine[]) => replayed(changed, [], domain).found.map(({ field }) => field);
    const at = lines.findIndex((line) => line.kind === "message" && line.of === "purge");
    const purge = lines[at] as JournalLine & { readonly payload: object };
    const early = lines.with(at, { ...purge, now: START } as unknown as JournalLine);
    expect(fields(early)).toContain("result");
    const other = { ...purge, payload: { ...purge.payload, ended_at: "2026-03-01T12:00:00.000Z" } };
    expect(fields(lines.with(at, other as unknown as JournalLine))).toContain("result");
  });
});

describe("a plan over a purge", () => {
  const outcomes = (retainMs: number) => {
    const results: { verdict: string; first: unknown }[] = [];
    const edited = ordersDomain({ changed: retainedFor(retainMs) });
    const planner = createPlanner(
      new Map([[domain.contractHash, domain]]),
      edited,
      { sinceMs: 0, untilMs: START + 30 * DAY_MS },
      { result: (result) => results.push(result), incomplete: (_, reason) => expect(reason).toBe("") },
    );
    for (const line of lives([...FULL_LIFE, "place"]).lines) planner.addLine(line);
    planner.end();
    return results;
  };

  it("purges the planned entity too, once the edited contract's time is over", () => {
    expect(outcomes(7 * DAY_MS)).toMatchObject([{ verdict: "same", first: null }]);
    expect(outcomes(8 * DAY_MS)).toMatchObject([{ first: { type: "purge", planned: null } }]);
  });
});
