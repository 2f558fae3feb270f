import type { EntityBefore, EntityLink, JournalLine } from "../../../runtime/core/journal.ts";
import { tombstoneKey } from "../../../runtime/stored/tombstones.ts";
import type { Values } from "../sql/tables.ts";
import { Json } from "../sql/values.ts";
import type { IntentsCheck } from "./intents.ts";
import type { Committed, ObservedSystem } from "./observed-system.ts";

interface LastLine {
  readonly seq: number;
  readonly day: string;
}

/**
 * G13 needs an entity's lines: from its row's last one each names the one before, and its first one of a day has the
 * entity as it was, with its open intents.
 */
export class ChainsCheck {
  readonly #observed: ObservedSystem;
  readonly #intents: Pick<IntentsCheck, "openOf">;
  /** By entity, of those that are stored. */
  readonly #last = new Map<string, LastLine>();
  /** Lines that had the entity before them. */
  days = 0;

  /** @param intents as they were before what is checked */
  constructor(observed: ObservedSystem, intents: Pick<IntentsCheck, "openOf">) {
    this.#observed = observed;
    this.#intents = intents;
  }

  onCommitted({ changes, lines }: Committed): void {
    const rowsOf = (table: string) => changes.filter((change) => change.table.schema.name === table);
    const entities = new Map(rowsOf("entity").map(({ before, after }) => [idOf(before ?? after), { before, after }]));
    const data = new Map(rowsOf("entity_data").map(({ before, after }) => [idOf(before ?? after), before]));
    const last = new Map<string, LastLine>();
    for (const line of lines) {
      const { entity_id: id, kind } = line;
      if (id === undefined || kind === "repartitioned") continue;
      const former = last.get(id) ?? this.#last.get(id);
      this.#checkLink(line, id, former);
      if ("before" in line && line.before)
        this.#checkBefore(line, line.before, entities.get(id)?.before, data.get(id) ?? this.#dataOf(id));
      last.set(id, { seq: line.seq, day: dayOf(line.at) });
    }
    const left = new Map(rowsOf("tombstone").map(({ after }) => [String(after?.["key"]), after]));
    for (const [id, line] of last) {
      const row = entities.get(id)?.after ?? left.get(tombstoneKey(this.#observed.domain.name, id));
      if (row) this.#checkRow(id, line, row);
    }
    for (const [id, { after }] of entities) if (after) this.#checkRow(id, last.get(id), after);
  }

  #checkLink(line: JournalLine, id: string, former: LastLine | undefined): void {
    const { prev, prev_day: prevDay, before } = line as Partial<EntityLink>;
    // What is not stored has no chain.
    if (prev === undefined && !this.#last.has(id)) return;
    const wanted = { prev: former?.seq, prevDay: former?.day === dayOf(line.at) ? undefined : former?.day };
    if (prev !== wanted.prev || prevDay !== wanted.prevDay || (before === undefined) !== (prevDay === undefined))
      this.#report(
        line,
        `names ${prev} of ${prevDay ?? "its day"}, not ${wanted.prev} of ${wanted.prevDay ?? "its day"}`,
      );
  }

  #checkRow(id: string, last: LastLine | undefined, row: Values | null): void {
    if (last) this.#last.set(id, last);
    const lastLine = Number(row?.["last_line"]);
    if (lastLine !== this.#last.get(id)?.seq)
      this.#observed.report(
        "G13",
        `the row of ${id} names line ${lastLine}, its last one is ${this.#last.get(id)?.seq}`,
      );
  }

  /** As it is stored: but a message of the same turn that left no line may have put a deadline off. */
  #checkBefore(line: JournalLine, said: EntityBefore, row: Values | null | undefined, data: Values | undefined): void {
    this.days++;
    // What else it begins with is the contract's.
    if (said.ended_at !== undefined) return;
    const { deadlines, intents, state_version: _, ...rest } = said;
    const id = String(line.entity_id);
    const stored = {
      ...{ state: row?.["state"], reducer_state: row?.["reducer_state"], state_since: timeOf(row?.["state_since"]) },
      seq: row?.["seq"],
      ...(row?.["published_seq"] != null && { published_seq: row["published_seq"] }),
      ...{ attempt: JSON.parse(String(row?.["attempt"])) as unknown },
      data: data?.["data"] instanceof Json ? data["data"].value : undefined,
    };
    if (JSON.stringify(rest) !== JSON.stringify(stored))
      this.#report(line, `says ${JSON.stringify(rest)} was stored before it, and that was ${JSON.stringify(stored)}`);
    const armed = JSON.parse(String(row?.["deadlines"] ?? "{}")) as EntityBefore["deadlines"];
    const isPutOff = Object.entries(deadlines).every(([name, { at }]) => at >= (armed[name]?.at ?? Number.NaN));
    if (!isPutOff || Object.keys(deadlines).join() !== Object.keys(armed).join())
      this.#report(line, `says ${JSON.stringify(deadlines)} was armed, and that was ${JSON.stringify(armed)}`);
    const [named, open] = [intents.map((each) => each.id), this.#intents.openOf(id)];
    if (named.join() !== open.join())
      this.#report(line, `says that ${named.join()} are open, and those are ${open.join()}`);
  }

  #dataOf(id: string): Values | undefined {
    return this.#observed.database.table("entity_data").find((row) => row["entity_id"] === id);
  }

  #report({ partition, seq, entity_id: id }: JournalLine, what: string): void {
    this.#observed.report("G13", `line ${seq} of partition ${partition}, of ${id}, ${what}`);
  }
}

const idOf = (row: Values | null): string => String(row?.["entity_id"]);
const dayOf = (at: string): string => at.slice(0, 10);
const timeOf = (value: unknown): string => (value instanceof Date ? value.toISOString() : "");
