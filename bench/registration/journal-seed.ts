import type { Domain } from "../../runtime/core/domain.ts";
import type { Message } from "../../runtime/core/message.ts";
import { partitionOf } from "../../runtime/core/murmur2.ts";
import type { Store } from "../../runtime/ports/store.ts";
import { Partition } from "../../runtime/shell/partitions/partition.ts";
import type { EntityRecord } from "../../runtime/stored/entities.ts";
import { seenKey } from "../../runtime/stored/seen.ts";
import type { InboxItem } from "../../runtime/shell/turns/inbox.ts";
import { InternedValues } from "../../runtime/shell/turns/interned-values.ts";
import { TurnPlan } from "../../runtime/shell/turns/turn-plan.ts";
import { sendTurn } from "../../runtime/shell/turns/turn-statements.ts";
import { registration } from "./core-scripts.ts";

const PARTITIONS = 12;
const NODES_PER_TURN = 250;
const DAY_MS = 24 * 3_600_000;

interface Seeded {
  readonly nodes: number;
  readonly lines: number;
}

/**
 * Writes the turns of registrations, spread over days, into a store that has the domain's partitions: as the shell
 * does, without bus and backends.
 * @param linesMin so many lines at least
 * @param firstDayMs the first day's beginning, ms since the epoch; each day's partitions should be there
 */
export async function seedJournal(
  store: Store,
  domain: Domain,
  { linesMin, firstDayMs, days }: { readonly linesMin: number; readonly firstDayMs: number; readonly days: number },
  tell: (seeded: Seeded) => void = () => {},
): Promise<Seeded> {
  const start = { epoch: 1, nextSeq: 1, publishedSeq: 0, positions: new Map(), entitiesMax: 1 };
  const partitions = Array.from({ length: PARTITIONS }, (_, number) => new Partition({ ...start, number }));
  const values = new InternedValues();
  let [nodes, lines] = [0, 0];
  while (lines < linesMin) {
    const atMs = firstDayMs + Math.floor((lines / linesMin) * days * DAY_MS);
    // As in the shell, no turn has all messages of an entity: each round is a turn.
    const rounds = Array.from({ length: NODES_PER_TURN }, (_, n) => registration(domain, nodes + n).messages);
    const records = new Map<string, EntityRecord>();
    const open = new Map<string, TurnPlan["intents"][number]>();
    for (let round = 0; rounds.some((messages) => round < messages.length); round++) {
      const loaded = {
        entity: (id: string) => records.get(id),
        openIntents: () => [],
        seen: () => false,
        cursorsOf: (partition: Partition) => partition,
        internedValues: values,
      };
      const plan = new TurnPlan(domain, loaded, atMs);
      for (const messages of rounds) {
        const message = messages[round];
        const partition = message && partitions[partitionOf(message.entityId, PARTITIONS)];
        if (!partition) continue;
        const item = itemOf(partition, message, open.get(message.intentId ?? ""));
        const { kind, entityId, type, id } = message;
        const dedupeKey = kind === "bus" ? seenKey(domain.name, { entityId, type, id }) : undefined;
        plan.add({ kind: "step", item, message, isAlwaysJournaled: true, dedupeKey });
      }
      await store.transaction(async (tx) => {
        for (const sent of sendTurn(tx, domain, plan, "00000000-0000-4000-8000-000000000000")) sent.catch(() => {});
      });
      for (const { after } of plan.entities.values()) records.set(after.entity.id, after);
      for (const each of plan.intents) open.set(each.intent.id, each);
      for (const { partition, nextSeq } of plan.cursors.values()) {
        lines += nextSeq - partition.nextSeq;
        partition.nextSeq = nextSeq;
      }
    }
    nodes += NODES_PER_TURN;
    tell({ nodes, lines });
  }
  await store.query(`update rollcall.partition_owner set published_seq = next_seq - 1, pending_seq = next_seq`);
  return { nodes, lines };
}

function itemOf(partition: Partition, message: Message, asked: TurnPlan["intents"][number] | undefined): InboxItem {
  if (message.origin) {
    const empty = { key: null, value: null, headers: {}, receivedAtMs: 0 };
    const record = { ...message.origin, ...empty, brokerTimeMs: message.now };
    return { kind: "record", partition, record };
  }
  if (asked) return { kind: "settled", ...asked, isParked: false, note: "done", message };
  return { kind: "published", partition, throughSeq: 0, messages: [{ seq: 0, message }] };
}
