import type { DomainCode } from "../../core/domain.ts";
import { DeadlineFired, IntentFailed } from "../../core/message.ts";
import type { EventRef } from "./domain-model.ts";
import type { NameRef } from "./name-resolver.ts";

/**
 * The handler that was meant where the one written takes another message: the only one that fits, else unknown. A
 * handler that takes one deadline or failure fits all others, so there none can be preferred.
 */
export function fittingHandler({ handlers }: DomainCode, event: EventRef, written: NameRef): NameRef {
  const type = messageTypeOf(event);
  const fitting = Object.keys(handlers).filter((name) => handlers[name]?.message.messageType === type);
  const isShared = event.kind === "deadline" || event.kind === "failed";
  if (!written.unknown && isShared && !fitting.includes(written.name)) return { ...written, unknown: true };
  return uniqueFit(fitting, event, written);
}

/** The same for an effect and its intent. */
export function fittingEffect({ effects }: DomainCode, intent: NameRef, written: NameRef): NameRef {
  const fitting = Object.keys(effects).filter((name) => effects[name]?.intent.intentType === intent.name);
  return uniqueFit(fitting, intent, written);
}

function uniqueFit(fitting: readonly string[], about: NameRef, written: NameRef): NameRef {
  if (written.unknown || about.unknown || fitting.includes(written.name)) return written;
  const [only] = fitting;
  return only !== undefined && fitting.length === 1 ? { ...written, name: only } : { ...written, unknown: true };
}

/** The type of the message definition that a handler of this event takes. */
export function messageTypeOf({ kind, subject }: EventRef): string {
  if (kind === "deadline") return DeadlineFired.messageType;
  return kind === "failed" ? IntentFailed.messageType : subject;
}
