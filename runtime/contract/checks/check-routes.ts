import { didYouMean } from "../diagnostics/did-you-mean.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { DomainModel, EventRef } from "../model/domain-model.ts";
import { type DiagnosticDetails, diagnosticAt, type SourceRef } from "../reading/source-ref.ts";
import { messageOrigin, type MessageOrigin } from "../model/message-origin.ts";

/** RC102: what comes in and goes nowhere, and a way that nothing ever comes. */
export function checkRoutes(model: DomainModel): readonly Diagnostic[] {
  return [...withoutRoute(model), ...withoutOrigin(model)];
}

function withoutRoute({ consumed, handlers, orchestrator, reducer }: DomainModel): readonly Diagnostic[] {
  const states = [...orchestrator.states.values()];
  const routed = new Set(handlers.map(({ event }) => event.name));
  const renewing = new Set(states.flatMap(({ deadline }) => (deadline?.renewedBy ?? []).map(({ name }) => name)));
  const missing = (name: string, at: SourceRef, message: string) =>
    routed.has(name) ? [] : [diagnosticAt("RC102", at, message)];
  return [
    ...consumed.flatMap(({ name, at, unknown }) =>
      unknown || renewing.has(name)
        ? []
        : missing(name, at, `${name} is consumed, but no handler takes it and no deadline is renewed by it`),
    ),
    ...[...reducer.states.values()].flatMap(({ raises, name: state }) =>
      raises && !raises.unknown
        ? missing(raises.name, raises.at, `${state} raises ${raises.name}, but no handler takes it`)
        : [],
    ),
    ...states.flatMap(({ deadline, name: state }) =>
      deadline
        ? missing(
            `deadline(${deadline.name})`,
            deadline.at,
            `no handler takes deadline(${deadline.name}), which ${state} arms`,
          )
        : [],
    ),
  ];
}

function withoutOrigin(model: DomainModel): readonly Diagnostic[] {
  const renewals = [...model.orchestrator.states.values()].flatMap(({ deadline }) => deadline?.renewedBy ?? []);
  return [
    ...usesWithoutOrigin(
      model,
      model.handlers.map(({ event }) => event),
      ["bus", "raised", "deadline", "failed", "published", "outcome"],
    ),
    // Only what comes from the bus renews: it says that the other side lives.
    ...usesWithoutOrigin(model, renewals, ["bus"]),
    ...usesWithoutOrigin(
      model,
      model.triggers.map(({ event }) => event),
      ["failed", "outcome", "published"],
      model.published,
    ),
  ];
}

function usesWithoutOrigin(
  model: DomainModel,
  uses: readonly EventRef[],
  origins: readonly MessageOrigin[],
  more: readonly EventRef[] = [],
): readonly Diagnostic[] {
  return uses.flatMap((use) => {
    if (use.unknown || more.some(({ name }) => name === use.name)) return [];
    const origin = messageOrigin(model, use);
    if (origin && origins.includes(origin)) return [];
    return [
      diagnosticAt(
        "RC102",
        use.at,
        `${use.name} never comes here: ${explainOrigin(model, use, origin)}`,
        detailsOf(model, use, more),
      ),
    ];
  });
}

function explainOrigin(
  { effects }: DomainModel,
  { kind, subject }: EventRef,
  origin: MessageOrigin | undefined,
): string {
  if (origin === "bus") return "what is consumed from the bus goes to handlers only";
  if (origin) return `it is ${origin === "raised" ? "raised by the reducer" : `a message of kind ${origin}`}`;
  if (kind === "published") return `${subject} is not in published_events`;
  if (kind !== "failed") return "it is neither consumed, nor raised, nor an outcome";
  const taken = effects.some(({ intent }) => intent.name === subject);
  return taken ? `${subject} is retried without a limit` : `no effect takes ${subject}`;
}

/** A wrong name that exists: what was meant is probably near, among the sources that have no route. */
function detailsOf(model: DomainModel, { name, at }: EventRef, more: readonly EventRef[]): DiagnosticDetails {
  const candidates = more.length > 0 ? more : model.consumed;
  const suggestion = didYouMean(
    name,
    candidates.map((use) => use.name),
  );
  const found = candidates.find((use) => use.name === suggestion && use.at !== at);
  return found ? { suggestion, related: [{ at: found.at, message: `${found.name} is declared here` }] } : {};
}
