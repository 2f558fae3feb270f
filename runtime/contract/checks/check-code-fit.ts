import type { DomainCode } from "../../core/domain-code.ts";
import { DeadlineFired, IntentFailed } from "../../core/message.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { DomainModel, EventUse } from "../model/domain-model.ts";
import type { Name } from "../model/name-resolver.ts";
import { problem, spot } from "../reading/source-ref.ts";

/** RC101: a name that exists, but is the name of something else than its place asks for. */
export function checkFit({ set, code, handlers, effects }: DomainModel): readonly Diagnostic[] {
  const { domain } = set.orchestrator.contract;
  const told = `the code given is of the domain ${code.domain}, not ${domain}`;
  return [
    ...(domain === code.domain
      ? []
      : [problem("RC101", spot(set.orchestrator, "domain"), told, { suggestion: code.domain })]),
    ...handlers.flatMap(({ event, written, handler }) => {
      if (written.unknown || event.unknown) return [];
      const takes = code.handlers[written.name]?.message.messageType ?? "";
      if (takes === messageOf(event)) return [];
      const message = `${written.name} takes ${wording(takes)}, not ${wording(messageOf(event))}`;
      return [misfit(written, handler, message, event)];
    }),
    ...effects.flatMap(({ intent, written, effect }) => {
      if (written.unknown || intent.unknown) return [];
      const takes = code.effects[written.name]?.intent.intentType ?? "";
      if (takes === intent.name) return [];
      return [misfit(written, effect, `${written.name} carries out ${takes}, not ${intent.name}`, intent)];
    }),
  ];
}

function misfit(written: Name, meant: Name, message: string, about: Name): Diagnostic {
  const related = [{ at: about.at, message: `this row is about ${about.name}` }];
  return problem("RC101", written.at, message, { related, suggestion: meant.unknown ? undefined : meant.name });
}

/**
 * The handler that was meant where the one written takes another message: the only one that fits, else unknown. What
 * takes one deadline or failure fits the others too, so there it can't be told.
 */
export function fittingHandler({ handlers }: DomainCode, event: EventUse, written: Name): Name {
  if (written.unknown) return written;
  const fits = handlers[written.name]?.message.messageType === messageOf(event);
  if (event.kind === "deadline" || event.kind === "failed") return fits ? written : { ...written, unknown: true };
  return onlyFitting(
    Object.entries(handlers),
    ([, { message }]) => message.messageType === messageOf(event),
    event,
    written,
  );
}

/** The same for an effect and its intent. */
export function fittingEffect({ effects }: DomainCode, intent: Name, written: Name): Name {
  return onlyFitting(
    Object.entries(effects),
    ([, effect]) => effect.intent.intentType === intent.name,
    intent,
    written,
  );
}

function onlyFitting<Named extends readonly [string, unknown]>(
  all: readonly Named[],
  fits: (one: Named) => boolean,
  about: Name,
  written: Name,
): Name {
  if (written.unknown || about.unknown) return written;
  const fitting = all.filter(fits).map(([name]) => name);
  if (fitting.includes(written.name)) return written;
  const [only] = fitting;
  return only !== undefined && fitting.length === 1 ? { ...written, name: only } : { ...written, unknown: true };
}

function messageOf({ kind, subject }: EventUse): string {
  if (kind === "deadline") return DeadlineFired.messageType;
  return kind === "failed" ? IntentFailed.messageType : subject;
}

const wording = (messageType: string): string => {
  if (messageType === DeadlineFired.messageType) return "DeadlineFired";
  return messageType === IntentFailed.messageType ? "IntentFailed" : messageType;
};
