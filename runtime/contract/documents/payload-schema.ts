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
export const payloadSchema = ({ schema }: MessageDefinition, target: Target): JsonSchema => jsonSchema(schema, target);

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
function commonFields({ consumed, entityIdField, attempt: { idField } }: Domain) {
  const entityId = consumed[0]?.message.shape[entityIdField] as z.ZodType | undefined;
  return eventFields(entityIdField, idField, entityId);
}

export const eventPayloadSchema = (domain: Domain, target: Target): JsonSchema =>
  jsonSchema(z.object(commonFields(domain)), target);

/** A topic's payload as a JSON Schema of its own, for programs in any language. The same wherever it is served. */
export function standaloneSchema(domain: Domain, { direction, type, message }: TopicMessage): JsonSchema {
  const whole =
    direction === "received" ? message.schema : z.looseObject({ ...commonFields(domain), ...message.shape });
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: `urn:rollcall:${domain.name}:${type}:1`,
    title: type,
    ...(message.description !== "" && { description: message.description }),
    ...jsonSchema(whole, "draft-2020-12"),
  };
}
