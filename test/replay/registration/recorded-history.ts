import type { EntitySnapshot, JournalLine } from "../../../runtime/core/journal.ts";
import type { Intent } from "../../../runtime/core/intent.ts";
import type { ReplayCounts, ReplayDifference } from "../../../runtime/replay/replay-findings.ts";
import { Replay } from "../../../runtime/replay/replay.ts";
import { shippedDomain } from "../../registration/shipped-domain.ts";
import type { Stimulus } from "../../registration/stimuli.ts";
import { World } from "../../registration/world.ts";
import { journalOf, type WrittenTurn } from "../written-journal.ts";

interface Verdict extends ReplayCounts {
  readonly found: readonly ReplayDifference[];
  readonly reasons: readonly string[];
}

export function replayed(
  lines: readonly JournalLine[],
  stored: readonly EntitySnapshot[] = [],
  domain = shippedDomain,
): Verdict {
  const found: ReplayDifference[] = [];
  const reasons: string[] = [];
  const contracts = new Map([[domain.contractHash, domain]]);
  const replay = new Replay(contracts, {
    difference: (difference) => found.push(difference),
    incomplete: (_, reason) => reasons.push(reason),
  });
  for (const line of lines) replay.addLine(line);
  for (const snapshot of stored) replay.addSnapshot(snapshot);
  return { ...replay.end(), found, reasons };
}

/** `turnAfterMs`: what comes behind it is another turn's, so much later. `ends`: an intent of this type ends. */
export type Happening = Stimulus | { readonly turnAfterMs: number } | { readonly ends: string };

/** A history and its entity. Outcomes come only for intents that were requested, as in the shell. */
export function recorded(happenings: readonly Happening[]) {
  let world = new World();
  const open = new Map<string, Intent>();
  const turns: { atMs: number; items: WrittenTurn["items"][number][] }[] = [{ atMs: world.now, items: [] }];
  const add = (item: WrittenTurn["items"][number]): void => void turns.at(-1)?.items.push(item);
  for (const happening of happenings) {
    if (typeof happening === "object" && "ends" in happening) {
      const ended = [...open.values()].find(({ type }) => type === happening.ends);
      if (ended && open.delete(ended.id)) add({ ended });
    } else if (typeof happening === "object")
      turns.push({ atMs: (turns.at(-1)?.atMs ?? 0) + happening.turnAfterMs, items: [] });
    else {
      const happens = happening(world);
      if ("later" in happens) world = world.later(happens.later);
      else if (happens.kind !== "outcome" || open.delete(happens.intentId ?? "")) {
        world = world.take(happens);
        add(happens);
        for (const intent of world.past.at(-1)?.decision.intents ?? []) open.set(intent.id, intent);
      }
    }
  }
  return { ...journalOf(shippedDomain, turns), world };
}
