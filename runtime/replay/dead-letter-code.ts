import { decodeRecord } from "../core/decode.ts";
import type { Domain } from "../core/domain.ts";
import { DecodeError } from "../core/incoming-json.ts";
import type { DeadLetterLine, JournalBytes, JournalLine } from "../core/journal.ts";

/**
 * The code with which the decoder refuses a dead letter now; undefined: it accepts it. The recorded code when another
 * part refused it (MISROUTED, CORE_ERROR, ENTITY_UNREADABLE), since that can't be repeated here.
 */
export function currentDecodeErrorCode(domain: Domain, line: JournalLine<DeadLetterLine>): string | undefined {
  const { origin, code, headers, value } = line;
  if (code === "MISROUTED" || code === "CORE_ERROR" || code === "ENTITY_UNREADABLE") return code;
  const types = domain.consumed.filter(({ topic }) => topic === origin.topic);
  if (types.length === 0) return "UNKNOWN_TYPE";
  if (headers["dlq_truncated"] !== undefined) return "TOO_LARGE";
  try {
    const record = { ...origin, value: value === null ? null : bytesOf(value), headers };
    decodeRecord(domain, types, { ...record, brokerTimeMs: Date.parse(line.at) });
    return undefined;
  } catch (error) {
    if (error instanceof DecodeError) return error.code;
    throw error;
  }
}

const bytesOf = (bytes: JournalBytes): Buffer =>
  typeof bytes === "string" ? Buffer.from(bytes) : Buffer.from(bytes.base64, "base64");
