import { z } from "zod";

interface EventFieldNames {
  readonly entityIdField: string;
  readonly attemptIdField: string;
  /** Whether published events carry `published_seq`. */
  readonly countsPublished: boolean;
}

/** What every event of the orchestrator has, whatever its handler gave (`runtime/core/emission.ts`). */
export const eventFields = (
  { entityIdField, attemptIdField, countsPublished }: EventFieldNames,
  entityId: z.ZodType = z.string(),
) => ({
  [entityIdField]: entityId,
  entity_id: entityId.meta({ description: `the same as ${entityIdField}` }),
  correlation_id: uuid("the request, through every event of an attempt"),
  causation_id: uuid("the message whose step made it"),
  [attemptIdField]: uuid("which attempt"),
  attempt: count.meta({ description: "its number" }),
  entity_seq: count.meta({ description: "rises by one with each event of the entity" }),
  ...(countsPublished && {
    published_seq: count.meta({ description: "rises by one with each event of the entity that is published" }),
  }),
  emitted_at: z.string().meta({ format: "date-time", description: "when it happened" }),
});

const uuid = (description: string) => z.string().meta({ format: "uuid", description });
const count = z.int().min(1);

/** The fields of an event that its handler gives: those that the runtime does not set itself. */
export function givenFields(shape: z.core.$ZodShape, entityIdField: string, attemptIdField: string): string[] {
  const own = eventFields({ entityIdField, attemptIdField, countsPublished: true });
  return Object.keys(shape).filter((name) => !Object.hasOwn(own, name));
}
