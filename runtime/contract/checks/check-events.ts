import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { DomainModel, EventRef, HandlerModel } from "../model/domain-model.ts";
import { returnedEvents } from "../model/events.ts";
import { diagnosticAt, sourceRef } from "../reading/source-ref.ts";

/** RC103: `output_events` and `published_events` are one list; no topic is both read and written. */
export function* checkEvents(model: DomainModel): Iterable<Diagnostic> {
  const { handlers, published, set } = model;
  const related = [{ at: sourceRef(set.orchestrator, "published_events"), message: "the published events" }];
  const known = new Set(published.map(({ name }) => name));
  for (const { name, at, unknown } of handlers.flatMap(({ outputs }) => outputs))
    if (!unknown && !known.has(name))
      yield diagnosticAt("RC103", at, `${name} is not in published_events: it has no topic`, { related });
  for (const handler of handlers) yield* widenedRows(handler);
  const returned = returnedEvents(model);
  for (const { name, at, unknown } of published)
    if (!unknown && !returned.has(name))
      yield diagnosticAt("RC103", at, `${name} is published, but in no handler's output_events`);
  yield* sharedTopics(model);
}

/** A row narrows its handler's list: an event that is not there would escape every other check of it. */
function* widenedRows({ rows, outputs, handler }: HandlerModel): Iterable<Diagnostic> {
  const allowed = new Set(outputs.map(({ name }) => name));
  const more = new Map<string, EventRef[]>();
  for (const use of rows.flatMap((row) => row.outputs))
    if (!use.unknown && !allowed.has(use.name)) more.set(use.name, [...(more.get(use.name) ?? []), use]);
  for (const [name, [first, ...others]] of more) {
    const at = outputs[0]?.at ?? handler.at;
    const related = [
      { at, message: `what ${handler.name} may return` },
      ...others.map((other) => ({ at: other.at, message: "also returned here" })),
    ];
    const message = `${name} is not in output_events of ${handler.name}: a row only narrows them`;
    yield diagnosticAt("RC103", first?.at ?? at, message, { related });
  }
}

function* sharedTopics({ consumed, published, deadLetterTopic }: DomainModel): Iterable<Diagnostic> {
  for (const { text, at } of [...published.map(({ topic }) => topic), deadLetterTopic]) {
    const read = consumed.find(({ topic }) => topic.text === text);
    if (!read) continue;
    const related = [{ at: read.topic.at, message: "consumed here" }];
    yield diagnosticAt("RC103", at, `${text} is consumed too: the domain would read its own events`, { related });
  }
}
