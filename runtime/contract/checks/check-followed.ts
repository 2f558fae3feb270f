import { didYouMean } from "../diagnostics/did-you-mean.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { CallModel, DomainModel, TextRef } from "../model/domain-model.ts";
import { eventFields } from "../model/event-fields.ts";
import { diagnosticAt } from "../reading/contract-source.ts";

type Followed = Pick<CallModel, "followed" | "types" | "selected">;
interface FollowedEvent {
  readonly domain: string;
  readonly type: string;
  /** Undefined: what it has is not known. */
  readonly fields: readonly string[] | undefined;
}

/**
 * RC101: types that nobody publishes, and fields by which nothing or not all of a domain would be found. Reported for
 * the first domain that is followed.
 */
export function* checkFollowed(
  call: Followed,
  models: readonly DomainModel[],
  isAsked: (name: string) => boolean,
): Iterable<Diagnostic> {
  const targets = call.followed.flatMap(({ text }) => models.find(({ set }) => set.domain === text) ?? []);
  if (targets.length < call.followed.length || !call.followed.some(({ text }) => isAsked(text))) return;
  const events = targets.flatMap(eventsOf);
  const known = events.map(({ type }) => type);
  for (const { text, at } of call.types.filter((type) => !known.includes(type.text))) {
    const names = call.followed.map((name) => name.text).join(", ");
    yield diagnosticAt("RC101", at, `${names} publishes no ${text}`, { suggestion: didYouMean(text, known) });
  }
  const types = call.types.map(({ text }) => text);
  const told = types.length === 0 ? events : events.filter(({ type }) => types.includes(type));
  for (const { parameter, fields } of call.selected) yield* checkSelected(parameter, fields, told);
}

function* checkSelected(
  parameter: string,
  fields: readonly TextRef[],
  events: readonly FollowedEvent[],
): Iterable<Diagnostic> {
  if (events.some((event) => event.fields === undefined)) return;
  const has = (event: FollowedEvent): boolean => fields.some(({ text }) => event.fields?.includes(text));
  const found = new Set(events.filter(has).map(({ domain }) => domain));
  for (const { text, at } of fields)
    if (events.length > 0 && !events.some((event) => event.fields?.includes(text))) {
      const suggestion = didYouMean(text, [...new Set(events.flatMap((event) => event.fields ?? []))]);
      yield diagnosticAt("RC101", at, `no event that is followed has the field ${text}`, { suggestion });
    }
  const lacking = events.find((event) => found.has(event.domain) && !has(event));
  const [first] = fields;
  if (lacking && first)
    yield diagnosticAt(
      "RC101",
      first.at,
      `?${parameter}= leaves out every ${lacking.type}, which has no ${first.text}`,
      {
        remedy: `give ${lacking.type} the field, or name the types that have it under types`,
      },
    );
}

function eventsOf(model: DomainModel): readonly FollowedEvent[] {
  const { set, published, messages, entityIdField, attemptIdField } = model;
  const names = { entityIdField: entityIdField.text, attemptIdField, countsPublished: true };
  const own = Object.keys(eventFields(names));
  return published.map(({ written }) => {
    const shape = messages.get(written)?.shape;
    return { domain: set.domain, type: written, fields: shape && [...own, ...Object.keys(shape)] };
  });
}
