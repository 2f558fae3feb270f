import type { Committed, ObservedSystem } from "./observed-system.ts";

/**
 * G14 across processes: what is committed is decided under the contracts in force, and never under earlier ones again.
 */
export class VersionsCheck {
  readonly #observed: ObservedSystem;
  #inForce: string | undefined;

  constructor(observed: ObservedSystem) {
    this.#observed = observed;
  }

  /** Undefined: nobody has changed anything yet. */
  get inForce(): string | undefined {
    return this.#inForce;
  }

  onCommitted({ changes, lines }: Committed): void {
    for (const hash of new Set(lines.map((line) => line.contract_hash))) this.#decided(hash);
    for (const { table, after } of changes)
      if (table.schema.name === "contract_in_force" && after) this.#inForce = String(after["hash"]);
  }

  #decided(hash: string): void {
    if (this.#inForce === undefined || this.#inForce === hash) return;
    this.#observed.report("G14", `a turn is committed under ${hash} while ${this.#inForce} is in force`);
  }
}
