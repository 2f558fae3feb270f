import { z } from "zod";
import { compileExpression } from "../../core/condition.ts";
import { type Door, NOBODY } from "../../core/door.ts";
import type { Expression, Path, Test } from "../../core/expression.ts";
import type { Json, MessageDefinition, Payload } from "../../core/message.ts";
import type { ExpressionScope } from "../expressions/expression-types.ts";
import { candidateValues } from "../expressions/candidate-values.ts";
import { EXAMPLE_TEXTS, exampleOf, examplesOf, optionsOf } from "../documents/example.ts";

/** A payload as a sender may write it, and what tells it from the plain one. */
export interface Sample {
  readonly payload: Payload;
  readonly label: string;
}

/** Each sample multiplies the states to explore. */
const SAMPLES_MAX = 64;

type Schema = z.core.$ZodType;
const accepts = (schema: Schema, value: unknown): boolean => z.safeParse(schema, value).success;
const toJsonSchema = (schema: Schema) => z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });

const knownSamples = new WeakMap<Schema, Json | undefined>();

/** A value that the schema takes: its first example, or the simplest that can be made; undefined if none is found. */
function sampleValue(schema: Schema): Json | undefined {
  if (!knownSamples.has(schema)) {
    const json = toJsonSchema(schema);
    const made = (optionsOf(json) ?? [json]).map(exampleOf);
    const candidates = [...examplesOf(json), ...made, ...EXAMPLE_TEXTS, 1, 0, true, null] as readonly Json[];
    knownSamples.set(
      schema,
      candidates.find((value) => accepts(schema, value)),
    );
  }
  return knownSamples.get(schema);
}

/**
 * Payloads of a message from outside that may lead to different things: the plain one, then one difference at a time.
 * What differs are the examples of its fields, and the values that its contract's conditions tell apart.
 * @param fixed fields whose values the caller gives: the entity's id, and ids that are left out here
 * @returns none if no payload was found that the schema takes
 */
export function samplePayloads(
  { schema, shape, normalize }: MessageDefinition,
  conditions: readonly Expression[],
  scope: ExpressionScope | undefined,
  fixed: Readonly<Record<string, Json | undefined>>,
): readonly Sample[] {
  const names = Object.keys(shape).filter((name) => !Object.hasOwn(fixed, name));
  const required = names.filter((name) => !accepts(shape[name]!, undefined));
  const plain = { ...fixed, ...Object.fromEntries(required.map((name) => [name, sampleValue(shape[name]!)])) };
  if (!schema.safeParse(plain).success) return [];
  const differences = [
    ...names.flatMap((name) => examplesOf(toJsonSchema(shape[name]!)).map((value) => ({ keys: [name], value }))),
    ...distinguishingValues("payload", conditions, scope).filter(({ keys }) => !Object.hasOwn(fixed, keys[0] ?? "")),
  ] as readonly { readonly keys: readonly string[]; readonly value: Json | undefined }[];
  const samples = new Map<string, Sample>();
  for (const sample of [
    { payload: plain, label: "" },
    ...differences.map(({ keys, value }) => ({ payload: withValue(plain, keys, value), label: labelOf(keys, value) })),
  ]) {
    const parsed = schema.safeParse(sample.payload);
    if (!parsed.success) continue;
    const canonical = JSON.stringify(sorted(normalize(parsed.data)));
    if (!samples.has(canonical)) samples.set(canonical, sample);
  }
  return [...samples.values()].slice(0, SAMPLES_MAX);
}

/** Of each path of a root that the conditions test the values that make a difference, as few as show it. */
export function distinguishingValues(
  root: "payload" | "loaded",
  conditions: readonly Expression[],
  scope: ExpressionScope | undefined,
) {
  if (!scope) return [];
  const tests = conditions.flatMap(({ any }) => any.flat());
  const paths = new Map(tests.flatMap(({ path }) => (path.root === root ? [[path.text, path] as const] : [])));
  return [...paths.values()].flatMap((path) => {
    const own = tests.filter((test) => test.path.text === path.text);
    const isCompared = own.some(({ value }) => value?.kind === "path");
    const counts = new Map<string, number>();
    return (candidateValues(path, tests, scope) ?? [])
      .filter((value) => {
        // Of what is compared with another path two values are kept, to lie on either side of one another.
        const truths = `${isCompared && value === undefined} ${truthValues(own, path, value)}`;
        const seen = counts.get(truths) ?? 0;
        if (seen >= (isCompared ? 2 : 1) || (typeof value === "number" && value < 0 && isCompared)) return false;
        counts.set(truths, seen + 1);
        return true;
      })
      .map((value) => ({ keys: path.keys, value }));
  });
}

function truthValues(tests: readonly Test[], { root, keys }: Path, value: unknown): string {
  const holder = withValue({}, keys, value as Json);
  const door = { caller: NOBODY, loaded: holder as Door["loaded"], operation: "" };
  const facts = { payload: root === "payload" ? holder : {}, state: {}, unconfirmed: 0, door };
  return tests.map((test) => compileExpression({ text: "", any: [[test]] })(facts)).join();
}

export function withValue(
  payload: Payload,
  [first = "", ...rest]: readonly string[],
  value: Json | undefined,
): Payload {
  if (rest.length === 0) return { ...payload, [first]: value };
  const inner = payload[first];
  const held = typeof inner === "object" && inner !== null && !Array.isArray(inner) ? (inner as Payload) : {};
  return { ...payload, [first]: withValue(held, rest, value) };
}

export const labelOf = (keys: readonly string[], value: Json | undefined): string =>
  value === undefined ? `without ${keys.join(".")}` : `${keys.join(".")} ${JSON.stringify(value)}`;

const sorted = (payload: Payload) => Object.entries(payload).sort(([one], [other]) => (one < other ? -1 : 1));

/** A text that every one of the schemas takes. */
export const commonText = (schemas: readonly Schema[]): string | undefined =>
  [...schemas.flatMap((schema) => examplesOf(toJsonSchema(schema))), "a", ...EXAMPLE_TEXTS].find(
    (text): text is string => typeof text === "string" && schemas.every((schema) => accepts(schema, text)),
  );

/**
 * The payload of an outcome: the intent's value where both have the field, else the simplest that the schema takes.
 */
export function outcomePayload({ shape }: MessageDefinition, asked: Payload): Payload {
  return Object.fromEntries(
    Object.entries(shape).map(([name, field]) => {
      const said = asked[name];
      return [name, said !== undefined && accepts(field, said) ? said : sampleValue(field)];
    }),
  );
}
