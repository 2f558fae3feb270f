import type { ReplySpec } from "../core/gateway.ts";
import type { RefusalKind } from "../core/refusal.ts";

/** What became of a message. */
export type Outcome =
  /** Its step, or one that it caused. `state`: after it. */
  | { readonly kind: "step"; readonly events: readonly string[]; readonly state: string | null }
  | { readonly kind: "declined"; readonly code: string }
  | { readonly kind: "dead_letter" };

/** The first reply that fits, and the event that it is for. Undefined: none does. */
export function chooseReply(
  replies: readonly ReplySpec[],
  outcome: Outcome,
): { readonly reply: ReplySpec; readonly event?: string } | undefined {
  for (const reply of replies) {
    const { fits } = reply;
    if (outcome.kind === "dead_letter") {
      if ("deadLetter" in fits) return { reply };
    } else if (outcome.kind === "declined") {
      if ("refusal" in fits && fits.refusal === outcome.code) return { reply };
    } else if ("event" in fits) {
      if (outcome.events.includes(fits.event)) return { reply, event: fits.event };
    } else if ("states" in fits && outcome.events.length === 0) {
      if (fits.states?.includes(outcome.state) ?? true) return { reply };
    }
  }
  return undefined;
}

/** Kinds of refusals, and how they are answered. */
const STATUS_BY_KIND: Readonly<Record<RefusalKind, number>> = {
  invalid: 400,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  gone: 410,
  precondition: 412,
  too_many: 429,
  unavailable: 503,
};

export const statusOfRefusal = (kind: RefusalKind): number => STATUS_BY_KIND[kind];

/** @param refused of a reply to a refusal: its kind */
export const statusOfReply = ({ status, view }: ReplySpec, refused: RefusalKind | undefined): number =>
  status ?? (refused ? statusOfRefusal(refused) : view ? 200 : 204);
