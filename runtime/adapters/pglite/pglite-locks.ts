import type { Locks } from "../../ports/locks.ts";

/** The embedded store belongs to one process, so that one holds every name. */
export class PgliteLocks implements Locks {
  readonly graceMs = 0;

  async hold(names: readonly string[]): Promise<ReadonlySet<string>> {
    return new Set(names);
  }

  async close(): Promise<void> {}
}
