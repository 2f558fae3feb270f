import { checkIdOf, type Entry, type Found } from "./service-plan.ts";
import type { Result } from "./transaction.ts";

const GENERATION_MAX = 10_000;

/**
 * What this process itself wrote last, so that it need not be read before the next write. It saves a request and
 * decides nothing: the write names the indexes, and Consul refuses it when they are others by now.
 */
export class Remembered {
  // Two generations, of which the old one is dropped whole: to find the oldest in one Map takes longer the more were
  // deleted.
  #young = new Map<string, Entry>();
  #old = new Map<string, Entry>();

  get(serviceId: string): Entry | undefined {
    return this.#young.get(serviceId) ?? this.#old.get(serviceId);
  }

  set(serviceId: string, entry: Entry): void {
    if (this.#young.size >= GENERATION_MAX) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(serviceId, entry);
  }

  delete(serviceId: string): void {
    this.#young.delete(serviceId);
    this.#old.delete(serviceId);
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
  }
}

/** The entries that a transaction's results tell; what it left alone is as it was found. Pure. */
export function entriesIn(results: readonly Result[]): (serviceId: string, found?: Found) => Entry | undefined {
  const services = new Map(results.map(({ Service }) => [Service?.ID, Service]));
  const checks = new Map(results.map(({ Check }) => [Check?.CheckID, Check]));
  return (serviceId, found) => {
    const before = found === "absent" ? undefined : found;
    const service = services.get(serviceId) ?? before?.service;
    return service && { service, check: checks.get(checkIdOf(serviceId)) ?? before?.check };
  };
}
