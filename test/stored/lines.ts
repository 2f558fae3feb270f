import type { JournalLine, NewLine } from "../../runtime/core/journal.ts";
import type { LineGroup } from "../../runtime/stored/entity-lines.ts";

/** When lines were written, if nothing else is said. */
export const AT = "2026-03-28T12:00:00.000Z";

const named = (entity_id: string, id: string) => ({ entity_id, id, correlation_id: "c" });

export const stepLine = (entity_id: string, id: string, more: object = {}): NewLine =>
  ({
    ...{ kind: "message", ...named(entity_id, id), of: "bus", type: "Hello", attempt_id: "a1", now: 0 },
    ...{ result: "changed", reason: "said so", state: "OPEN", reducer_state: "half", payload: { said: id } },
    ...more,
  }) as NewLine;

export const eventLine = (entity_id: string, id: string, more: object = {}): NewLine =>
  ({
    ...{ kind: "event", ...named(entity_id, id), type: "Opened", attempt_id: "a1", topic: "events" },
    value: JSON.stringify({ envelope_id: id, payload: { entity_id, text: `"value":{${id}}` } }),
    ...more,
  }) as NewLine;

export const intentLine = (entity_id: string, id: string, more: object = {}): NewLine =>
  ({
    ...{ kind: "intent", ...named(entity_id, id), type: "box.write", attempt_id: "a1", target: "box://1", version: 1 },
    ...{ payload: {}, ...more },
  }) as NewLine;

export const endLine = (entity_id: string, id: string, more: object = {}): NewLine =>
  ({
    ...{ kind: "end", ...named(entity_id, id), type: "box.write", attempt_id: "a1", target: "box://1", note: "done" },
    ...more,
  }) as NewLine;

/** Lines as they are read: a step with what followed, or one other line. */
export function groupOf(seq: number, ...lines: readonly NewLine[]): LineGroup {
  const [head, ...behind] = lines.map((line, index): JournalLine => ({
    ...line,
    partition: 0,
    seq: seq + index,
    at: AT,
    contract_hash: "hash",
  }));
  return { head, behind } as LineGroup;
}
