import { z } from "zod";
import type { Domain } from "../../core/domain.ts";
import type { MessageDefinition } from "../../core/message.ts";
import { eventFields } from "../model/event-fields.ts";
import type { TopicMessage } from "./topic-messages.ts";

export type JsonSchema = Readonly<Record<string, unknown>>;
type Target = "draft-7" | "draft-2020-12";

/**
 * The JSON Schema of a message's own fields. It never refuses what the Zod schema takes; what it can't say, and so
 * takes too, is listed in docs/reference/protocol.md.
 */
export const payloadSchema = (message: MessageDefinition, target: Target): JsonSchema =>
  jsonSchema(withAliases(message), target);

/** Of a field that has other names none is required: JSON Schema could say that one of them is, at great length. */
function withAliases({ shape, aliases }: MessageDefinition): z.ZodType {
  const named = Object.entries(aliases).flatMap(([field, names]): [string, z.ZodType][] => [
    [field, (shape[field] as z.ZodType).nullish()],
    ...names.map((name): [string, z.ZodType] => [name, z.unknown().optional().describe(`another name of ${field}`)]),
  ]);
  return z.looseObject({ ...shape, ...Object.fromEntries(named) });
}

/** The JSON Schema of any shape. */
export const shapeSchema = (shape: z.ZodType): JsonSchema => jsonSchema(shape, "draft-2020-12");

function jsonSchema(zodSchema: z.ZodType, target: Target): JsonSchema {
  const { $schema: _, ...schema } = z.toJSONSchema(zodSchema, {
    target,
    io: "input",
    unrepresentable: "any",
    override: (context) => useExamplesKeyword(context.jsonSchema),
  });
  return schema;
}

/** A field's `example` is for documents alone: `examples` are tried by `rollcall check` as well. */
function useExamplesKeyword(schema: Record<string, unknown>): void {
  const { example } = schema;
  if (example === undefined) return;
  delete schema["example"];
  schema["examples"] = [example];
}

/** What every event carries; the entity's id as those who send it write it. */
function commonFields({ consumed, entityIdField, attempt: { idField: attemptIdField }, countsPublished }: Domain) {
  const entityId = consumed[0]?.message.shape[entityIdField] as z.ZodType | undefined;
  return eventFields({ entityIdField, attemptIdField, countsPublished }, entityId);
}

export const eventPayloadSchema = (domain: Domain, target: Target): JsonSchema =>
  jsonSchema(z.object(commonFields(domain)), target);

/** A topic's payload as a JSON Schema of its own, for programs in any language. The same wherever it is served. */
export function standaloneSchema(domain: Domain, { direction, type, message }: TopicMessage): JsonSchema {
  const whole =
    direction === "received" ? withAliases(message) : z.looseObject({ ...commonFields(domain), ...message.shape });
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: `urn:rollcall:${domain.name}:${type}:1`,
    title: type,
    ...(message.description !== "" && { description: message.description }),
    ...jsonSchema(whole, "draft-2020-12"),
  };
}
