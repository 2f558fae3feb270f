import type { CommittedTurn } from "../shell-event.ts";
import type { TurnPlan } from "./turn-plan.ts";

/** What observers are told of a turn once it is durable. */
export function committedTurn(
  { atMs, cursors, entities, lines }: Pick<TurnPlan, "atMs" | "cursors" | "entities" | "lines">,
  contractHash: string,
): CommittedTurn {
  const at = new Date(atMs);
  const partitions = [...cursors.values()].map(({ partition, nextSeq, positions }) => ({
    partition: partition.number,
    lastLine: nextSeq - 1,
    rows: (lines.get(partition)?.chunks ?? []).map((chunk) => ({
      partition: partition.number,
      seq: chunk.seq,
      last_seq: chunk.lastSeq,
      at,
      contract_hash: contractHash,
      lines: chunk.lines,
    })),
    positions,
  }));
  return { kind: "committed", partitions, entities };
}
