import { checkIdOf, type StoredService, type StoredServiceOrAbsent } from "./service-plan.ts";
import type { OperationResult } from "./transaction.ts";

const GENERATION_SERVICES_MAX = 10_000;

/**
 * What this process itself wrote last, so that it need not be read before the next write. It saves a request and
 * decides nothing: the write names the indexes, and Consul refuses it when they are others by now.
 */
export class LastWrittenServices {
  // Two generations, of which the old one is dropped whole: to find the oldest in one Map takes longer the more were
  // deleted.
  #current = new Map<string, StoredService>();
  #previous = new Map<string, StoredService>();

  get(serviceId: string): StoredService | undefined {
    return this.#current.get(serviceId) ?? this.#previous.get(serviceId);
  }

  set(serviceId: string, entry: StoredService): void {
    if (this.#current.size >= GENERATION_SERVICES_MAX) {
      this.#previous = this.#current;
      this.#current = new Map();
    }
    this.#current.set(serviceId, entry);
  }

  delete(serviceId: string): void {
    this.#current.delete(serviceId);
    this.#previous.delete(serviceId);
  }

  clear(): void {
    this.#current.clear();
    this.#previous.clear();
  }
}

/** The entries that a transaction's results tell; what it left alone is as it was found. Pure. */
export function storedServicesIn(
  results: readonly OperationResult[],
): (serviceId: string, found?: StoredServiceOrAbsent) => StoredService | undefined {
  const services = new Map(results.map(({ Service }) => [Service?.ID, Service]));
  const checks = new Map(results.map(({ Check }) => [Check?.CheckID, Check]));
  return (serviceId, found) => {
    const before = found === "absent" ? undefined : found;
    const service = services.get(serviceId) ?? before?.service;
    return service && { service, check: checks.get(checkIdOf(serviceId)) ?? before?.check };
  };
}
