import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { DomainModel, EventRef } from "../model/domain-model.ts";
import { diagnosticAt, sourceRef } from "../reading/source-ref.ts";

/** RC103: `output_events` and `published_events` are one list; no topic is both read and written. */
export function checkEvents(model: DomainModel): readonly Diagnostic[] {
  return [...unpublishedOutputs(model), ...widenedRows(model), ...unreturnedEvents(model), ...sharedTopics(model)];
}

function unpublishedOutputs({ handlers, published, set }: DomainModel): readonly Diagnostic[] {
  const known = new Set(published.map(({ name }) => name));
  const related = [{ at: sourceRef(set.orchestrator, "published_events"), message: "the published events" }];
  return handlers.flatMap(({ outputs }) =>
    outputs
      .filter(({ name, unknown }) => !unknown && !known.has(name))
      .map(({ name, at }) =>
        diagnosticAt("RC103", at, `${name} is not in published_events: it has no topic`, { related }),
      ),
  );
}

/** A row narrows its handler's list: an event that is not there would escape every other check of it. */
function widenedRows({ handlers }: DomainModel): readonly Diagnostic[] {
  return handlers.flatMap(({ rows, outputs, handler }) => {
    const allowed = new Set(outputs.map(({ name }) => name));
    const more = new Map<string, EventRef[]>();
    for (const use of rows.flatMap((row) => row.outputs))
      if (!use.unknown && !allowed.has(use.name)) more.set(use.name, [...(more.get(use.name) ?? []), use]);
    return [...more].flatMap(([name, [first, ...others]]) => {
      if (!first) return [];
      const related = [
        { at: outputs[0]?.at ?? handler.at, message: `what ${handler.name} may return` },
        ...others.map(({ at }) => ({ at, message: "also returned here" })),
      ];
      const message = `${name} is not in output_events of ${handler.name}: a row only narrows them`;
      return [diagnosticAt("RC103", first.at, message, { related })];
    });
  });
}

function unreturnedEvents({ handlers, published }: DomainModel): readonly Diagnostic[] {
  const returned = new Set(
    handlers.flatMap(({ outputs, rows }) =>
      [...outputs, ...rows.flatMap((row) => row.outputs)].map(({ name }) => name),
    ),
  );
  return published
    .filter(({ name, unknown }) => !unknown && !returned.has(name))
    .map(({ name, at }) => diagnosticAt("RC103", at, `${name} is published, but in no handler's output_events`));
}

function sharedTopics({ set: { orchestrator } }: DomainModel): readonly Diagnostic[] {
  const { consumed_events, published_events, dead_letter_topic } = orchestrator.contract;
  const written = [
    ...published_events.map(({ topic }, index) => ({
      topic,
      at: sourceRef(orchestrator, "published_events", index, "topic"),
    })),
    { topic: dead_letter_topic, at: sourceRef(orchestrator, "dead_letter_topic") },
  ];
  return written.flatMap(({ topic, at }) => {
    const index = consumed_events.findIndex((consumed) => consumed.topic === topic);
    if (index < 0) return [];
    const related = [{ at: sourceRef(orchestrator, "consumed_events", index, "topic"), message: "consumed here" }];
    return [diagnosticAt("RC103", at, `${topic} is consumed too: the domain would read its own events`, { related })];
  });
}
