import { z } from "zod";
import type { Domain } from "../../core/domain.ts";
import type { MessageDefinition } from "../../core/message.ts";
import type { TopicMessage } from "./topic-messages.ts";

export type JsonSchema = Readonly<Record<string, unknown>>;
type Target = "draft-7" | "draft-2020-12";

const text = { type: "string" };
const uuid = { type: "string", format: "uuid" };
const count = { type: "integer", minimum: 1 };

/**
 * The JSON Schema of a message's own fields. It never refuses what the Zod schema takes; what it can't say, and so
 * takes too, is listed in docs/reference/protocol.md.
 */
export function payloadSchema(message: MessageDefinition, target: Target): JsonSchema {
  const { $schema: _, ...schema } = z.toJSONSchema(message.schema, {
    target,
    io: "input",
    unrepresentable: "any",
    override: ({ jsonSchema }) => useExamplesKeyword(jsonSchema),
  }) as Record<string, unknown>;
  return schema;
}

/** A field's `example` is for documents alone: `examples` are tried by `rollcall check` as well. */
function useExamplesKeyword(schema: Record<string, unknown>): void {
  const { example } = schema;
  if (example === undefined) return;
  delete schema["example"];
  schema["examples"] = [example];
}

/** As those who send it write it. */
function entityIdSchema({ consumed, entityIdField }: Domain, target: Target): JsonSchema {
  const [first] = consumed;
  const fields = (first && (payloadSchema(first.message, target)["properties"] as Record<string, JsonSchema>)) ?? {};
  return fields[entityIdField] ?? text;
}

/** What every event carries (`runtime/core/step-run.ts`). */
export function eventPayloadSchema(domain: Domain, target: Target): JsonSchema {
  const {
    entityIdField,
    attempt: { idField },
  } = domain;
  const id = entityIdSchema(domain, target);
  return {
    type: "object",
    required: [
      "entity_id",
      entityIdField,
      "correlation_id",
      "causation_id",
      idField,
      "attempt",
      "entity_seq",
      "emitted_at",
    ],
    properties: {
      [entityIdField]: id,
      entity_id: { ...id, description: `the same as ${entityIdField}` },
      correlation_id: { ...uuid, description: "the request, through every event of an attempt" },
      causation_id: { ...uuid, description: "the message whose step made it" },
      [idField]: { ...uuid, description: "which attempt" },
      attempt: { ...count, description: "its number" },
      entity_seq: { ...count, description: "rises by one with each event of the entity" },
      emitted_at: { type: "string", format: "date-time", description: "when it happened" },
    },
  };
}

const DRAFT = "https://json-schema.org/draft/2020-12/schema";

/** A topic's payload as a JSON Schema of its own, for programs in any language. The same wherever it is served. */
export function standaloneSchema(domain: Domain, { direction, type, message }: TopicMessage): JsonSchema {
  const own = payloadSchema(message, "draft-2020-12");
  const names = {
    $schema: DRAFT,
    $id: `urn:rollcall:${domain.name}:${type}:1`,
    title: type,
    ...(message.description !== "" && { description: message.description }),
  };
  if (direction === "received") return { ...names, ...own };
  const every = eventPayloadSchema(domain, "draft-2020-12");
  return {
    ...names,
    ...own,
    properties: { ...(every["properties"] as object), ...(own["properties"] as object | undefined) },
    required: [...new Set([...(every["required"] as string[]), ...((own["required"] as string[] | undefined) ?? [])])],
  };
}
