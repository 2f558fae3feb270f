import { isUtf8 } from "node:buffer";
import { z } from "zod";
import { MESSAGE_KINDS } from "../../runtime/core/message.ts";
import type { JournalBytes, JournalRow, EntitySnapshot } from "../../runtime/core/journal.ts";

const Bytes = z.union([z.string(), z.object({ base64: z.string() })]).nullable();
const Id = z.string().nullable();
const Deadlines = z.record(z.string(), z.looseObject({ at: z.number(), renewedAt: z.number().nullable() }));
const Payload = z.record(z.string(), z.unknown());

/** The first line of a journal. Topic names need env and namespace. */
const HeadLine = z.object({
  line: z.literal("journal"),
  format: z.literal(1),
  domain: z.string(),
  env: z.string(),
  namespace: z.string(),
  read_at: z.iso.datetime(),
});

/** Contracts that ran, by the hash that the rows name. */
const ContractLine = z.object({
  line: z.literal("contract"),
  hash: z.string(),
  files: z.record(z.string(), z.string()).describe("file name -> YAML"),
});

const StepBody = z.looseObject({
  kind: z.enum(MESSAGE_KINDS),
  message: z.looseObject({ payload: Payload, now: z.number() }),
  before: z.looseObject({ state: z.string().nullable(), reducer_state: z.string(), deadlines: Deadlines }).optional(),
  decision: z.looseObject({ result: z.string(), reason: z.string() }),
});
const SettledBody = z.looseObject({
  kind: z.literal("settled"),
  intent: z.object({ id: z.string(), type: z.string(), target: z.string() }),
});
const DeadLetterBody = z.looseObject({
  code: z.string(),
  error: z.string(),
  origin: z.object({ topic: z.string(), partition: z.int(), offset: z.int() }),
  refused: z.looseObject({ ...StepBody.shape, message_id: z.string() }).optional(),
});
const rowColumns = {
  line: z.literal("row"),
  partition: z.int(),
  seq: z.int(),
  at: z.iso.datetime(),
  entity_id: Id,
  type: Id,
  message_id: Id,
  correlation_id: Id,
  attempt_id: Id,
  contract_hash: z.string(),
  topic: z.string().nullable(),
  key: Bytes,
  value: Bytes,
  headers: z.record(z.string(), z.string()).nullable(),
};
/** A row of rollcall.journal. */
const RowLine = z.discriminatedUnion("kind", [
  z.object({ ...rowColumns, kind: z.literal("message"), body: z.union([StepBody, SettledBody]) }),
  z.object({ ...rowColumns, kind: z.literal("dead_letter"), body: DeadLetterBody }),
  z.object({ ...rowColumns, kind: z.enum(["event", "repeat", "repartitioned", "gap"]), body: z.unknown() }),
]);

/** After an entity's rows: its row in rollcall.entity when they were read. */
const EntityLine = z.object({
  line: z.literal("entity"),
  entity_id: z.string(),
  state: z.string().nullable(),
  reducer_state: z.string(),
  seq: z.int(),
  attempt: z.looseObject({
    number: z.int(),
    id: z.string(),
    correlationIds: z.array(z.string()),
    awaiting: z.array(z.string()),
  }),
  data: z.unknown(),
  deadlines: Deadlines,
  state_since: z.iso.datetime(),
});

const JournalLineSchema = z.union([HeadLine, ContractLine, RowLine, EntityLine]);

/** A line of an exported journal, or an item of the journal over HTTP. */
export type JournalLine =
  | z.infer<typeof HeadLine>
  | z.infer<typeof ContractLine>
  | ({ readonly line: "row" } & JournalRow)
  | ({ readonly line: "entity" } & EntitySnapshot);

/** Returns the value itself, since the order of its keys counts; undefined: it is not a line of a journal. */
export const parseJournalLine = (value: unknown): JournalLine | undefined =>
  JournalLineSchema.safeParse(value).success ? (value as JournalLine) : undefined;

export const encodeBytes = (bytes: Buffer | null): JournalBytes | null =>
  bytes === null ? null : isUtf8(bytes) ? bytes.toString("utf8") : { base64: bytes.toString("base64") };

/** The source is not a valid journal. */
export class InvalidJournalError extends Error {
  override readonly name = "InvalidJournalError";
}
