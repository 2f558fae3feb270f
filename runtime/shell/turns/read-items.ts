import { decodeRecord } from "../../core/decode.ts";
import {
  DOOR_HEADER,
  type DoorKey,
  doorKeyId,
  doorOf,
  type DoorProblem,
  openDoor,
  type SealedDoor,
} from "../../core/door-seal.ts";
import type { ConsumedTopic, Domain } from "../../core/domain.ts";
import type { Message } from "../../core/message.ts";
import { partitionOf } from "../../core/murmur2.ts";
import {
  type DecodeErrorCode,
  KEY_AND_HEADERS_BYTES_MAX,
  DecodeError,
  SkippedTypeError,
} from "../../core/incoming-json.ts";
import type { BusRecord } from "../../ports/event-bus.ts";
import { seenKey } from "../../stored/seen.ts";
import type { InboxItem } from "./inbox.ts";

export const REPARTITIONED_HEADER = "rollcall-repartitioned";
export const BROKER_TIME_HEADER = "rollcall-broker-time";
/** How old the original may be for a repartitioned copy's statement of its time to be trusted. */
const REPARTITIONED_TRUST_MS = 60_000;

/** The door of a record that has such a header. */
interface FoundDoor {
  /** One that this record's bytes were sealed with. */
  readonly sealed?: SealedDoor | undefined;
  /** Why it is not the message's. */
  readonly doorProblem?: DoorProblem | undefined;
}

/** What a turn has to do for an item. */
export type WorkItem =
  | ({
      readonly kind: "step";
      readonly item: InboxItem;
      readonly message: Message;
      /** Identity for deduplication; only for records of journaled types. */
      readonly dedupeKey?: string | undefined;
      /** False for types with `journal: false`: of their messages no-ops and renewals are not journaled. */
      readonly isAlwaysJournaled: boolean;
    } & FoundDoor)
  | { readonly kind: "repartition"; readonly item: RecordItem; readonly message: Message; readonly to: number }
  | ({
      readonly kind: "dead_letter";
      readonly item: RecordItem;
      readonly code: DecodeErrorCode | "CORE_ERROR" | "ENTITY_UNREADABLE";
      readonly error: string;
    } & FoundDoor)
  /** Of a type that the topic's contract has skipped. */
  | { readonly kind: "skipped"; readonly item: RecordItem; readonly type: string }
  /** No step: only cursors, ended intents and gaps in the log are recorded. */
  | { readonly kind: "bookkeeping"; readonly item: InboxItem };
/** The entity that a step or the end of an intent is about. */
export function entityIdOf(work: WorkItem): string | undefined {
  if (work.kind === "step") return work.message.entityId;
  return work.kind === "bookkeeping" && work.item.kind === "settled" ? work.item.intent.entityId : undefined;
}
export type RecordItem = Extract<InboxItem, { kind: "record" }>;

/**
 * Reads the items of a turn. Pure. Records below a stored position were taken before and are left out.
 * @param refusedByStore records that the store refused on their own, with its error: they take no step
 * @param doorKeys those that are valid
 */
export function readItems(
  domain: Domain,
  consumedBy: ReadonlyMap<string, readonly ConsumedTopic[]>,
  partitions: number,
  items: readonly InboxItem[],
  refusedByStore: ReadonlyMap<RecordItem, string>,
  doorKeys: readonly DoorKey[] = [],
): WorkItem[] {
  return items.flatMap((item): WorkItem[] => {
    if (item.kind === "record") {
      const refusal = refusedByStore.get(item);
      const door = openRecordDoor(item, doorKeys);
      if (refusal !== undefined) return [{ kind: "dead_letter", item, code: "CORE_ERROR", error: refusal, ...door }];
      const position = item.partition.positions.get(item.record.topic) ?? 0;
      return item.record.offset >= position ? [readRecord(domain, consumedBy, partitions, item, door)] : [];
    }
    const steps = messagesOf(item).map(
      (message) => ({ kind: "step", item, message, isAlwaysJournaled: true }) as const,
    );
    return steps.length === 0 || item.kind === "published" ? [{ kind: "bookkeeping", item }, ...steps] : steps;
  });
}

function messagesOf(item: InboxItem): readonly Message[] {
  if (item.kind === "published") return item.messages.map(({ message }) => message);
  return "message" in item && item.message ? [item.message] : [];
}

function readRecord(
  domain: Domain,
  consumedBy: ReadonlyMap<string, readonly ConsumedTopic[]>,
  partitions: number,
  item: RecordItem,
  door: FoundDoor | undefined,
): WorkItem {
  const { record } = item;
  try {
    const types = consumedBy.get(record.topic);
    if (!types) throw new DecodeError("UNKNOWN_TYPE", `no contract consumes ${record.topic}`);
    const labelBytes = keyAndHeaderBytes(record);
    if (labelBytes > KEY_AND_HEADERS_BYTES_MAX)
      throw new DecodeError(
        "TOO_LARGE",
        `key and headers have ${labelBytes} bytes, at most ${KEY_AND_HEADERS_BYTES_MAX} are taken`,
      );
    const headers = textHeaders(record);
    const original = originalBrokerTimeMs(headers, record.brokerTimeMs);
    const brokerTimeMs = original ?? record.brokerTimeMs;
    const message = decodeRecord(domain, types, { ...record, headers, brokerTimeMs });
    const own = door?.sealed && doorOf(door.sealed, { domain: domain.name, ...message });
    const to = partitionOf(message.entityId, partitions);
    if (to !== record.partition) {
      if (original === undefined) return { kind: "repartition", item, message, to };
      throw new DecodeError(
        "MISROUTED",
        `a repartitioned copy of ${message.entityId} lies in partition ${record.partition}, not ${to}`,
      );
    }
    // A message without a sender's id can only be redelivered, and then it is below the stored position.
    const isJournaled = types.some(({ type, journal }) => type === message.type && journal);
    const isDeduplicated = isJournaled && message.hasSenderId;
    const key = isDeduplicated ? seenKey(domain.name, message) : undefined;
    const step = { kind: "step", item, message, dedupeKey: key, isAlwaysJournaled: isJournaled } as const;
    if (!door) return step;
    return own
      ? { ...step, message: { ...message, door: own }, sealed: door.sealed }
      : { ...step, doorProblem: door.doorProblem ?? "other_message" };
  } catch (error) {
    if (error instanceof SkippedTypeError) return { kind: "skipped", item, type: error.type };
    if (error instanceof DecodeError)
      return { kind: "dead_letter", item, code: error.code, error: error.message, ...door };
    return { kind: "dead_letter", item, code: "CORE_ERROR", error: `reading failed: ${String(error)}`, ...door };
  }
}

/** Undefined where it has no such header, as most have not. */
function openRecordDoor({ record }: RecordItem, keys: readonly DoorKey[]): FoundDoor | undefined {
  const header = record.headers[DOOR_HEADER];
  if (header === undefined) return undefined;
  // The broker's own time: what a copy says of its original's comes from its sender.
  const found = openDoor(keys, header.toString("latin1"), record.value ?? new Uint8Array(), record.brokerTimeMs);
  return "problem" in found ? { doorProblem: found.problem } : found;
}

/** The keys that records' doors name. */
export const doorKeyIdsOf = (items: readonly InboxItem[]): readonly number[] =>
  items.flatMap((item) => {
    const header = item.kind === "record" ? item.record.headers[DOOR_HEADER] : undefined;
    return header === undefined ? [] : (doorKeyId(header.toString("latin1")) ?? []);
  });

/** The original's broker time; undefined unless both headers are there and it is at most a minute old. */
function originalBrokerTimeMs(headers: Readonly<Record<string, string>>, brokerTimeMs: number): number | undefined {
  const time = Number(headers[BROKER_TIME_HEADER] ?? Number.NaN);
  const trusted =
    headers[REPARTITIONED_HEADER] !== undefined &&
    time <= brokerTimeMs &&
    time >= brokerTimeMs - REPARTITIONED_TRUST_MS;
  return trusted ? time : undefined;
}

export const textHeaders = ({ headers }: BusRecord): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value.toString("utf8")]));

export function keyAndHeaderBytes({ key, headers }: BusRecord): number {
  let bytes = key?.length ?? 0;
  for (const [name, value] of Object.entries(headers)) bytes += Buffer.byteLength(name) + value.length;
  return bytes;
}
