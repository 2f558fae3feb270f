import { z } from "zod";
import { compileExpression } from "../../core/condition.ts";
import type { Expression, Test } from "../../core/expression.ts";
import type { Json, MessageDefinition, Payload } from "../../core/message.ts";
import type { ExpressionScope } from "../expressions/expression-types.ts";
import { unwrapSchema } from "../expressions/field-types.ts";
import { candidateValues } from "../expressions/candidate-values.ts";

/** A payload as a sender may write it, and what tells it from the plain one. */
export interface Sample {
  readonly payload: Payload;
  readonly label: string;
}

/** Each sample multiplies the states to explore. */
const SAMPLES_MAX = 64;

/** Texts that some schema may ask for, tried in order. */
const CANDIDATE_TEXTS = [
  "a",
  "1",
  "1.0.0",
  "00000000-0000-4000-8000-000000000000",
  "2026-01-01T00:00:00.000Z",
  "2026-01-01",
  "http://example.com/",
  "a@example.com",
  "/",
];
const OTHER_CANDIDATES: readonly Json[] = [1, 0, true, null];

type Schema = z.core.$ZodType;
const accepts = (schema: Schema, value: unknown): boolean => z.safeParse(schema, value).success;

/** `examples` of a field, as the metadata of its schema, or of one that this wraps, has them. */
function examplesOf(schema: Schema): readonly Json[] {
  const own = z.globalRegistry.get(schema)?.["examples"];
  if (Array.isArray(own)) return own as readonly Json[];
  if (schema instanceof z.ZodUnion) return schema.options.flatMap(examplesOf);
  if (schema instanceof z.ZodPipe) return examplesOf(schema.in);
  return "unwrap" in schema && typeof schema.unwrap === "function" ? examplesOf(schema.unwrap() as Schema) : [];
}

/** A value that the schema takes: its first example, or the simplest that can be made; undefined if none is found. */
function sampleValue(schema: Schema): Json | undefined {
  const made = unwrapSchema(schema).flatMap((each) => constructedValues(each));
  return [...examplesOf(schema), ...made, ...CANDIDATE_TEXTS, ...OTHER_CANDIDATES].find((value) =>
    accepts(schema, value),
  );
}

function constructedValues(schema: Schema): readonly Json[] {
  if (schema instanceof z.ZodEnum) return schema.options as Json[];
  if (schema instanceof z.ZodLiteral) return [...schema.values] as Json[];
  if (schema instanceof z.ZodArray) {
    const item = sampleValue(schema.element as Schema);
    return item === undefined ? [[]] : [[], [item]];
  }
  if (schema instanceof z.ZodRecord) return [{}];
  if (!(schema instanceof z.ZodObject)) return [];
  const fields = Object.entries(schema.shape as Readonly<Record<string, Schema>>);
  return [
    Object.fromEntries(
      fields.flatMap(([name, field]) => (accepts(field, undefined) ? [] : [[name, sampleValue(field)]])),
    ),
  ];
}

/**
 * Payloads of a message from outside that may lead to different things: the plain one, then one difference at a time.
 * What differs are the examples of its fields, and the values that its contract's conditions tell apart.
 * @param fixed fields whose values the caller gives: the entity's id, and ids that are left out here
 * @returns undefined if no payload was found that the schema takes
 */
export function samplePayloads(
  { schema, shape, normalize }: MessageDefinition,
  conditions: readonly Expression[],
  scope: ExpressionScope,
  fixed: Readonly<Record<string, Json | undefined>>,
): readonly Sample[] | undefined {
  const names = Object.keys(shape).filter((name) => !Object.hasOwn(fixed, name));
  const required = names.filter((name) => !accepts(shape[name]!, undefined));
  const plain = { ...fixed, ...Object.fromEntries(required.map((name) => [name, sampleValue(shape[name]!)])) };
  if (!schema.safeParse(plain).success) return undefined;
  const others = [
    ...names.flatMap((name) => examplesOf(shape[name]!).map((value) => ({ keys: [name], value }))),
    ...distinguishingValues(conditions, scope).filter(({ keys }) => !Object.hasOwn(fixed, keys[0] ?? "")),
  ];
  const samples = new Map<string, Sample>();
  for (const { payload, label } of [
    { payload: plain, label: "" },
    ...others.map(({ keys, value }) => ({ payload: withValue(plain, keys, value), label: labelOf(keys, value) })),
  ]) {
    const parsed = schema.safeParse(payload);
    if (!parsed.success) continue;
    const canonical = JSON.stringify(sorted(normalize(parsed.data)));
    if (!samples.has(canonical)) samples.set(canonical, { payload, label });
  }
  return [...samples.values()].slice(0, SAMPLES_MAX);
}

/** Of each path that the conditions test the values that make a difference, as few as show it. */
function distinguishingValues(conditions: readonly Expression[], scope: ExpressionScope) {
  const tests = conditions.flatMap(({ any }) => any.flat());
  const paths = new Map(tests.flatMap(({ path }) => (path.root === "payload" ? [[path.text, path] as const] : [])));
  return [...paths.values()].flatMap((path) => {
    const own = tests.filter((test) => test.path.text === path.text);
    const isCompared = own.some(({ value }) => value?.kind === "path");
    const counts = new Map<string, number>();
    return (candidateValues(path, tests, scope) ?? [])
      .filter(({ value }) => {
        // Of what is compared with another path two values are kept, to lie on either side of one another.
        const truths = `${isCompared && value === undefined} ${truthValues(own, path.keys, value)}`;
        const seen = counts.get(truths) ?? 0;
        if (seen >= (isCompared ? 2 : 1) || (typeof value === "number" && value < 0 && isCompared)) return false;
        counts.set(truths, seen + 1);
        return true;
      })
      .map(({ value }) => ({ keys: path.keys, value: value as Json | undefined }));
  });
}

function truthValues(tests: readonly Test[], keys: readonly string[], value: unknown): string {
  const facts = { payload: withValue({}, keys, value as Json), state: {}, unconfirmed: 0 };
  return tests.map((test) => compileExpression({ text: "", any: [[test]] })(facts)).join();
}

function withValue(payload: Payload, [first = "", ...rest]: readonly string[], value: Json | undefined): Payload {
  if (rest.length === 0) return { ...payload, [first]: value };
  const inner = payload[first];
  const held = typeof inner === "object" && inner !== null && !Array.isArray(inner) ? (inner as Payload) : {};
  return { ...payload, [first]: withValue(held, rest, value) };
}

const labelOf = (keys: readonly string[], value: Json | undefined): string =>
  value === undefined ? `without ${keys.join(".")}` : `${keys.join(".")} ${JSON.stringify(value)}`;

const sorted = (payload: Payload) => Object.entries(payload).sort(([one], [other]) => (one < other ? -1 : 1));

/** A text that every one of the schemas takes. */
export const commonText = (schemas: readonly Schema[]): string | undefined =>
  [...schemas.flatMap(examplesOf), ...CANDIDATE_TEXTS].find(
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
