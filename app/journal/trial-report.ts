import { z } from "zod";
import type { Domain } from "../../runtime/core/domain.ts";
import { loadData, UnreadableData } from "../../runtime/core/entity-data.ts";
import type { EntitySnapshot } from "../../runtime/core/journal.ts";

/** Entities beyond this number are counted, but not listed. */
const LISTED_MAX = 100;

/** What of the stored entities the edited code can't read: it would refuse to start. */
export const TrialReport = z.object({
  /** Of entities' data: in the store, and of the edited code. */
  stored: z.int(),
  edited: z.int(),
  tried: z.int(),
  unreadable: z.int(),
  /** `pointer`: JSON pointer into the data. */
  found: z.array(z.object({ entityId: z.string(), pointer: z.string(), reason: z.string() })),
});
export type TrialReport = z.infer<typeof TrialReport>;

/** Tries the entities of a journal under code whose `stateVersion` is another one than the stored. */
export class EntityTrial {
  readonly #domain: Domain;
  readonly report: TrialReport;

  constructor(domain: Domain, stored: number) {
    this.#domain = domain;
    this.report = { stored, edited: domain.stateVersion, tried: 0, unreadable: 0, found: [] };
  }

  try({ entity_id: entityId, data }: EntitySnapshot): void {
    this.report.tried++;
    try {
      loadData(this.#domain, data);
    } catch (error) {
      if (!(error instanceof UnreadableData)) throw error;
      const { pointer, reason } = error;
      this.report.unreadable++;
      if (this.report.found.length < LISTED_MAX) this.report.found.push({ entityId, pointer, reason });
    }
  }
}
