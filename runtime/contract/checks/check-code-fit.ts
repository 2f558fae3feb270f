import { DeadlineFired, IntentFailed } from "../../core/message.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { DomainModel } from "../model/domain-model.ts";
import { messageTypeOf } from "../model/fitting-code.ts";
import type { NameRef } from "../model/name-resolver.ts";
import { diagnosticAt, sourceRef } from "../reading/source-ref.ts";

/** RC101: a name that exists, but is the name of something else than its place asks for. */
export function* checkCodeFit({ set, code, handlers, effects }: DomainModel): Iterable<Diagnostic> {
  if (set.domain !== code.domain) {
    const message = `the code given is of the domain ${code.domain}, not ${set.domain}`;
    yield diagnosticAt("RC101", sourceRef(set.orchestrator, "domain"), message, { suggestion: code.domain });
  }
  for (const { event, written, handler } of handlers) {
    const takes = code.handlers[written.name]?.message.messageType ?? "";
    if (written.unknown || event.unknown || takes === messageTypeOf(event)) continue;
    const message = `${written.name} takes ${displayName(takes)}, not ${displayName(messageTypeOf(event))}`;
    yield wrongName(written, handler, message, event);
  }
  for (const { intent, written, effect } of effects) {
    const takes = code.effects[written.name]?.intent.intentType ?? "";
    if (written.unknown || intent.unknown || takes === intent.name) continue;
    yield wrongName(written, effect, `${written.name} carries out ${takes}, not ${intent.name}`, intent);
  }
}

function wrongName(written: NameRef, meant: NameRef, message: string, about: NameRef): Diagnostic {
  const related = [{ at: about.at, message: `this row is about ${about.name}` }];
  return diagnosticAt("RC101", written.at, message, { related, suggestion: meant.unknown ? undefined : meant.name });
}

const displayName = (messageType: string): string => {
  if (messageType === DeadlineFired.messageType) return "DeadlineFired";
  return messageType === IntentFailed.messageType ? "IntentFailed" : messageType;
};
