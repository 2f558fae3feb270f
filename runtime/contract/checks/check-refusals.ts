import { BUILT_IN_REFUSALS } from "../../core/refusal.ts";
import { didYouMean } from "../diagnostics/did-you-mean.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { DomainModel, HandlerModel } from "../model/domain-model.ts";
import { doorReaders, readInCode, refusalsOf, refusedInCode } from "../model/doors.ts";
import { messageOrigin } from "../model/events.ts";
import { diagnosticAt } from "../reading/contract-source.ts";

/** RC110, RC112, RC115: refusals, and what reads a message's door, are only where a message from outside is decided. */
export function* checkRefusals(model: DomainModel): Iterable<Diagnostic> {
  yield* checkListed(model);
  for (const handler of model.handlers) {
    if (handler.event.unknown) continue;
    yield* undeclaredRefusals(model, handler);
    if (messageOrigin(model, handler.event) !== "bus") yield* answersToRuntime(model, handler);
  }
  const read = new Set(doorReaders(model));
  for (const event of model.consumed) {
    if (!event.isTrusted || event.unknown || read.has(event)) continue;
    const message = `from_bus says nothing: no row and no handler of ${event.name} reads caller or loaded`;
    yield diagnosticAt("RC115", event.at, message, { remedy: "leave from_bus out" });
  }
}

function* checkListed(model: DomainModel): Iterable<Diagnostic> {
  const { refusals, handlers } = model;
  const used = new Set(handlers.flatMap((handler) => refusalsOf(model, handler)));
  for (const { code, at } of refusals) {
    if (Object.hasOwn(BUILT_IN_REFUSALS, code)) {
      const remedy = "give the refusal another name";
      yield diagnosticAt("RC112", at, `${code} is the runtime's own refusal`, { remedy });
    } else if (!used.has(code)) {
      const remedy = "let a row say refuse, or a handler declare it under refusals";
      yield diagnosticAt("RC115", at, `${code} is listed, but no row and no handler refuses with it`, { remedy });
    }
  }
}

function* undeclaredRefusals(model: DomainModel, handler: HandlerModel): Iterable<Diagnostic> {
  const listed = model.refusals.map(({ code }) => code);
  for (const code of refusedInCode(model, handler)) {
    if (listed.includes(code)) continue;
    const message = `${handler.handler.name} refuses with ${code}, which is not under refusals`;
    yield diagnosticAt("RC110", handler.handler.at, message, { suggestion: didYouMean(code, listed) });
  }
}

/** The runtime hears no answer, and nobody sent its messages. */
function* answersToRuntime(model: DomainModel, handler: HandlerModel): Iterable<Diagnostic> {
  const { event, rows, handler: named } = handler;
  for (const { refusal } of rows) {
    if (!refusal || refusal.unknown) continue;
    const message = `${event.name} comes from the runtime, which hears no refusal`;
    yield diagnosticAt("RC115", refusal.at, message, { remedy: "let the row say no_op" });
  }
  const declared = [
    ...refusedInCode(model, handler).map((code) => `refuses with ${code}`),
    ...readInCode(model, handler).map((part) => `reads ${part}`),
  ];
  for (const what of declared) {
    const message = `${named.name} ${what}, and ${event.name} comes from the runtime`;
    yield diagnosticAt("RC110", named.at, message, { remedy: "declare it in a handler of a consumed event" });
  }
}
