import type { JournalLine, StepLine } from "../../../runtime/core/journal.ts";
import { tombstoneKey } from "../../../runtime/stored/tombstones.ts";
import type { Database } from "../database.ts";
import { EPOCH_MS } from "../machine.ts";
import type { DomainChecks } from "../simulated-domain.ts";
import type { IntentsCheck } from "./intents.ts";
import type { LogCheck } from "./log.ts";
import type { Committed, ObservedSystem } from "./observed-system.ts";

const OVERDUE_MS = 40_000;

/**
 * An entity is purged when its time is over and nothing of it is on its way (G5, G10), and what is left says where it
 * was, so that one with its id goes on from there (G4).
 */
export class PurgesCheck {
  readonly #observed: ObservedSystem;
  readonly #intents: Pick<IntentsCheck, "openOf">;
  readonly #log: Pick<LogCheck, "unpublishedOf">;
  readonly #domain: DomainChecks;
  purged = 0;
  /** Entities that came back after they were purged. */
  reborn = 0;
  readonly #gone = new Set<string>();

  /** @param intents, log as they were before what is checked */
  constructor(
    observed: ObservedSystem,
    intents: Pick<IntentsCheck, "openOf">,
    log: Pick<LogCheck, "unpublishedOf">,
    domain: DomainChecks,
  ) {
    this.#observed = observed;
    this.#intents = intents;
    this.#log = log;
    this.#domain = domain;
  }

  onCommitted({ lines }: Committed): void {
    for (const [index, line] of lines.entries()) {
      if (line.kind === "event" && this.#gone.delete(line.entity_id)) this.reborn++;
      if (line.kind !== "message" || line.of !== "purge" || line.result !== "changed") continue;
      this.#checkPurge(line, lines.slice(0, index));
      this.#gone.add(line.entity_id);
      this.purged++;
    }
  }

  #checkPurge(line: JournalLine<StepLine>, before: readonly JournalLine[]): void {
    const { report, database, domain } = this.#observed;
    const { entity_id: id } = line;
    const of = `${id} was purged in line ${line.seq}`;
    const open = this.#intents.openOf(id);
    if (open.length > 0) report("G10", `${of}, and ${open.join(", ")} are open`);
    const events = this.#log.unpublishedOf(id);
    if (events.length > 0) report("G5", `${of}, and ${events.join(", ")} are not published`);
    const isOfTurn = before.some((each) => each.entity_id === id && (each.kind === "event" || each.kind === "intent"));
    if (isOfTurn) report("G10", `${of}, in the turn of its last event or intent`);
    const { seq } = this.#domain.judge.purge(id);
    const left = database.table("tombstone").find((row) => row["key"] === tombstoneKey(domain.name, id));
    const isBack = database.table("entity").some((row) => row["entity_id"] === id);
    if (!isBack && Number(left?.["seq"]) !== seq)
      report("G4", `${of} at ${seq}, and what is left says ${String(left?.["seq"])}`);
    if (isBack && left) report("G4", `${of}, and is there with what was left of it`);
  }

  /** When everything has worked for a while. */
  atRest(): void {
    const { database, nowMs, report } = this.#observed;
    for (const row of database.table("entity")) {
      const at = row["purge_at"];
      if (at instanceof Date && at.getTime() - EPOCH_MS < nowMs() - OVERDUE_MS)
        report("G10", `${String(row["entity_id"])} should have been purged at ${at.toISOString()}`);
    }
  }
}

/** Adds those of these entities that were purged, by what is left of them. */
export function addPurged(
  entities: Map<string, { readonly state: unknown; readonly seq: number }>,
  ids: Iterable<string>,
  domain: string,
  database: Database,
): void {
  for (const id of ids) {
    const left = database.table("tombstone").find(({ key }) => key === tombstoneKey(domain, id));
    if (left) entities.set(id, { state: null, seq: Number(left["seq"]) });
  }
}
