import { z } from "zod";
import type { EntitySnapshot, JournalLine } from "../../runtime/core/journal.ts";
import { MESSAGE_KINDS } from "../../runtime/core/message.ts";

const Bytes = z.union([z.string(), z.object({ base64: z.string() })]).nullable();
const Deadlines = z.record(z.string(), z.looseObject({ at: z.number(), renewedAt: z.number().nullable() }));
const Payload = z.record(z.string(), z.unknown());
const Origin = z.looseObject({ topic: z.string(), partition: z.int(), offset: z.int() });
const State = z.string().nullable();

/** The first line of a journal. Topic names need env and namespace. */
const HeadLine = z.object({
  line: z.literal("journal"),
  format: z.literal(1),
  domain: z.string(),
  env: z.string(),
  namespace: z.string(),
  state_version: z.int().describe("of entities' data, that is in force"),
  read_at: z.iso.datetime(),
  since: z.iso.datetime().optional().describe("what is older was left out"),
  begins_on: z.iso.date().optional().describe("UTC; the days before it were dropped"),
});

/** Contracts that ran, by the hash that the rows name. */
const ContractLine = z.object({
  line: z.literal("contract"),
  hash: z.string(),
  files: z.record(z.string(), z.string()).describe("file name -> YAML"),
});

const storedEntity = {
  state: State,
  reducer_state: z.string(),
  seq: z.int(),
  published_seq: z.int().optional(),
  attempt: z.looseObject({
    number: z.int(),
    id: z.string(),
    correlationIds: z.array(z.string()),
    awaiting: z.array(z.string()),
    targets: z.array(z.string()).optional(),
  }),
  data: z.unknown(),
  deadlines: Deadlines,
  state_since: z.iso.datetime(),
};
const OpenIntent = z.looseObject({
  id: z.string(),
  type: z.string(),
  target: z.string(),
  version: z.number(),
  attemptId: z.string(),
  correlationId: z.string(),
});
const entityBefore = {
  ...storedEntity,
  state_version: z.int(),
  intents: z.array(OpenIntent),
  ended_at: z.iso.datetime().optional(),
};
/** What lines about an entity have. */
const link = {
  entity_id: z.string(),
  prev: z.int().optional(),
  prev_day: z.iso.date().optional(),
  before: z.looseObject(entityBefore).optional(),
};

const step = {
  of: z.enum(MESSAGE_KINDS),
  type: z.string(),
  id: z.string(),
  correlation_id: z.string(),
  now: z.number(),
  origin: Origin.optional(),
  intent_id: z.string().optional(),
  of_attempt: z.string().optional(),
  door: z.looseObject({ caller: z.looseObject({ id: z.string() }), loaded: Payload, operation: z.string() }).optional(),
  armed: Deadlines.optional(),
  result: z.string(),
  declined: z.looseObject({ code: z.string(), kind: z.string(), caller: z.string() }).optional(),
  reason: z.string(),
  state: State,
  reducer_state: State,
  payload: Payload,
};
const named = { type: z.string(), id: z.string(), correlation_id: z.string() };
const copied = {
  topic: z.string(),
  key: Bytes,
  headers: z.record(z.string(), z.string()),
  value: Bytes,
};
const place = {
  line: z.literal("row"),
  partition: z.int(),
  seq: z.int(),
  at: z.iso.datetime(),
  contract_hash: z.string(),
};
/** A line of a partition's journal, with its place: `runtime/core/journal.ts` says what is in it. */
const RowLine = z.discriminatedUnion("kind", [
  z.looseObject({ ...place, kind: z.literal("message"), ...link, ...step }),
  z.looseObject({
    ...{ ...place, kind: z.literal("event"), ...link, ...named },
    ...{ attempt_id: z.string(), topic: z.string().optional(), value: z.string() },
  }),
  z.looseObject({
    ...{ ...place, kind: z.literal("intent"), ...link, ...named },
    ...{ attempt_id: z.string(), target: z.string(), version: z.number(), payload: Payload },
  }),
  z.looseObject({
    ...{ ...place, kind: z.literal("not_yet"), ...link, ...named },
    ...{ attempt_id: z.string(), target: z.string(), note: z.string() },
  }),
  z.looseObject({
    ...{ ...place, kind: z.literal("end"), ...link, ...named },
    ...{ attempt_id: z.string(), target: z.string() },
  }),
  z.looseObject({ ...place, kind: z.literal("repeat"), ...link, ...named }),
  z.looseObject({ ...place, kind: z.literal("repartitioned"), ...link, ...named, ...copied, to: z.int() }),
  z.looseObject({
    ...{ ...place, kind: z.literal("dead_letter"), ...link, entity_id: z.string().optional(), ...copied },
    ...{ id: z.string(), code: z.string(), error: z.string(), origin: Origin },
    refused: z.looseObject(step).optional(),
  }),
  z.looseObject({ ...place, kind: z.literal("gap"), entity_id: z.undefined().optional() }),
]);

/** Behind a partition's rows: a row of rollcall.entity when it was read. */
const EntityLine = z.looseObject({
  ...{ line: z.literal("entity"), partition: z.int(), entity_id: z.string(), ...storedEntity },
  last_line: z.int(),
});

const Line = z.discriminatedUnion("line", [HeadLine, ContractLine, RowLine, EntityLine]);

/** A line of an exported journal, or an item of the journal over HTTP. */
export type ExportedLine =
  | z.infer<typeof HeadLine>
  | z.infer<typeof ContractLine>
  | ({ readonly line: "row" } & JournalLine)
  | ({ readonly line: "entity" } & EntitySnapshot);

/** Returns the value itself, since the order of its keys counts; undefined: it is not a line of a journal. */
export const parseExportedLine = (value: unknown): ExportedLine | undefined =>
  Line.safeParse(value).success ? (value as ExportedLine) : undefined;

/** The source is not a valid journal. */
export class InvalidJournalError extends Error {
  override readonly name = "InvalidJournalError";
}
