import { DeadlineFired, IntentFailed } from "../../core/message.ts";
import type { Diagnostic } from "../diagnostic.ts";
import type { DomainModel, EventUse } from "./domain-model.ts";
import { problem } from "./report.ts";

/** RC101: a name that exists, but is the name of something else than its place asks for. */
export function checkFit({ code, handlers, effects }: DomainModel): readonly Diagnostic[] {
  return [
    ...handlers.flatMap(({ event, handler }) => {
      const takes = handler.unknown || event.unknown ? undefined : code.handlers[handler.name]?.message.messageType;
      const expected = messageOf(event);
      if (takes === undefined || takes === expected) return [];
      const related = [{ at: event.at, message: `this row is about ${event.name}` }];
      return [
        problem("RC101", handler.at, `${handler.name} takes ${wording(takes)}, not ${wording(expected)}`, { related }),
      ];
    }),
    ...effects.flatMap(({ intent, effect }) => {
      const takes = effect.unknown || intent.unknown ? undefined : code.effects[effect.name]?.intent.intentType;
      if (takes === undefined || takes === intent.name) return [];
      const related = [{ at: intent.at, message: `this row is about ${intent.name}` }];
      return [problem("RC101", effect.at, `${effect.name} carries out ${takes}, not ${intent.name}`, { related })];
    }),
  ];
}

function messageOf({ kind, subject }: EventUse): string {
  if (kind === "deadline") return DeadlineFired.messageType;
  return kind === "failed" ? IntentFailed.messageType : subject;
}

const wording = (messageType: string): string => {
  if (messageType === DeadlineFired.messageType) return "DeadlineFired";
  return messageType === IntentFailed.messageType ? "IntentFailed" : messageType;
};
