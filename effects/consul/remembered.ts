import { checkIdOf, type Entry, type Found } from "./service-plan.ts";
import type { Result } from "./transaction.ts";

const ENTRIES_MAX = 20_000;

/**
 * What this process itself wrote last, so that it need not be read before the next write. It saves a request and
 * decides nothing: the write names the indexes, and Consul refuses it when they are others by now.
 */
export class Remembered {
  // In the order of their writing.
  readonly #entries = new Map<string, Entry>();

  get(serviceId: string): Entry | undefined {
    return this.#entries.get(serviceId);
  }

  set(serviceId: string, entry: Entry): void {
    this.#entries.delete(serviceId);
    this.#entries.set(serviceId, entry);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > ENTRIES_MAX && oldest !== undefined) this.#entries.delete(oldest);
  }

  delete(serviceId: string): void {
    this.#entries.delete(serviceId);
  }

  clear(): void {
    this.#entries.clear();
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
