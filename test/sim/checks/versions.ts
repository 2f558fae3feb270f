import type { Versions } from "../process.ts";
import type { Committed, ObservedSystem } from "./observed-system.ts";

/**
 * G14 across processes: what is committed is decided under the contracts in force, and never under earlier ones again;
 * and by code of which the `stateVersion` is not lower than the one in force.
 */
export class VersionsCheck {
  readonly #observed: ObservedSystem;
  #inForce: Versions | undefined;

  constructor(observed: ObservedSystem) {
    this.#observed = observed;
  }

  /** Undefined: nobody has changed anything yet. */
  get inForce(): Versions | undefined {
    return this.#inForce;
  }

  onCommitted({ changes, lines }: Committed): void {
    for (const hash of new Set(lines.map((line) => line.contract_hash))) this.#decided(hash);
    for (const { before } of lines) if (before) this.#read(before.state_version);
    for (const { table, after } of changes) {
      if (table.schema.name === "partition_owner" && after) this.#owned(String(after["owner"]));
      if (table.schema.name === "contract_in_force" && after)
        this.#inForce = { hash: String(after["hash"]), stateVersion: Number(after["state_version"]) };
    }
  }

  #decided(hash: string): void {
    if (this.#inForce === undefined || this.#inForce.hash === hash) return;
    this.#observed.report("G14", `a turn is committed under ${hash} while ${this.#inForce.hash} is in force`);
  }

  #read(version: number): void {
    const { stateVersion = 1 } = this.#inForce ?? {};
    if (version < stateVersion)
      this.#observed.report("G14", `a turn has read data as of ${version} while ${stateVersion} is in force`);
  }

  #owned(owner: string): void {
    const { stateVersion = 1 } = this.#inForce ?? {};
    const own = this.#observed.stateVersionOf(owner);
    if (own === undefined || own >= stateVersion) return;
    this.#observed.report("G14", `${owner} serves with stateVersion ${own} while ${stateVersion} is in force`);
  }
}
