import type { DomainCode } from "../../core/domain-code.ts";
import { DeadlineFired, IntentFailed } from "../../core/message.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { DomainModel, EventRef } from "../model/domain-model.ts";
import type { NameRef } from "../model/name-resolver.ts";
import { diagnosticAt, sourceRef } from "../reading/source-ref.ts";

/** RC101: a name that exists, but is the name of something else than its place asks for. */
export function checkCodeFit({ set, code, handlers, effects }: DomainModel): readonly Diagnostic[] {
  const { domain } = set.orchestrator.contract;
  const wrongDomain = `the code given is of the domain ${code.domain}, not ${domain}`;
  return [
    ...(domain === code.domain
      ? []
      : [diagnosticAt("RC101", sourceRef(set.orchestrator, "domain"), wrongDomain, { suggestion: code.domain })]),
    ...handlers.flatMap(({ event, written, handler }) => {
      if (written.unknown || event.unknown) return [];
      const takes = code.handlers[written.name]?.message.messageType ?? "";
      if (takes === messageTypeOf(event)) return [];
      const message = `${written.name} takes ${displayName(takes)}, not ${displayName(messageTypeOf(event))}`;
      return [wrongName(written, handler, message, event)];
    }),
    ...effects.flatMap(({ intent, written, effect }) => {
      if (written.unknown || intent.unknown) return [];
      const takes = code.effects[written.name]?.intent.intentType ?? "";
      if (takes === intent.name) return [];
      return [wrongName(written, effect, `${written.name} carries out ${takes}, not ${intent.name}`, intent)];
    }),
  ];
}

function wrongName(written: NameRef, meant: NameRef, message: string, about: NameRef): Diagnostic {
  const related = [{ at: about.at, message: `this row is about ${about.name}` }];
  return diagnosticAt("RC101", written.at, message, { related, suggestion: meant.unknown ? undefined : meant.name });
}

/**
 * The handler that was meant where the one written takes another message: the only one that fits, else unknown. What
 * takes one deadline or failure fits the others too, so there it can't be told.
 */
export function fittingHandler({ handlers }: DomainCode, event: EventRef, written: NameRef): NameRef {
  if (written.unknown) return written;
  const fits = handlers[written.name]?.message.messageType === messageTypeOf(event);
  if (event.kind === "deadline" || event.kind === "failed") return fits ? written : { ...written, unknown: true };
  return uniqueFit(
    Object.entries(handlers),
    ([, { message }]) => message.messageType === messageTypeOf(event),
    event,
    written,
  );
}

/** The same for an effect and its intent. */
export function fittingEffect({ effects }: DomainCode, intent: NameRef, written: NameRef): NameRef {
  return uniqueFit(Object.entries(effects), ([, effect]) => effect.intent.intentType === intent.name, intent, written);
}

function uniqueFit<Named extends readonly [string, unknown]>(
  all: readonly Named[],
  fits: (one: Named) => boolean,
  about: NameRef,
  written: NameRef,
): NameRef {
  if (written.unknown || about.unknown) return written;
  const fitting = all.filter(fits).map(([name]) => name);
  if (fitting.includes(written.name)) return written;
  const [only] = fitting;
  return only !== undefined && fitting.length === 1 ? { ...written, name: only } : { ...written, unknown: true };
}

function messageTypeOf({ kind, subject }: EventRef): string {
  if (kind === "deadline") return DeadlineFired.messageType;
  return kind === "failed" ? IntentFailed.messageType : subject;
}

const displayName = (messageType: string): string => {
  if (messageType === DeadlineFired.messageType) return "DeadlineFired";
  return messageType === IntentFailed.messageType ? "IntentFailed" : messageType;
};
