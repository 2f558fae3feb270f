import { checkIdOf, type StoredService, type StoredServiceOrAbsent } from "./service-plan.ts";
import type { OperationResult } from "./transaction.ts";

const GENERATION_SERVICES_MAX = 10_000;

/**
 * The services as this process wrote them last, so that they need not be read before the next write. An outdated entry
 * only costs a conflict: the write names its indexes, and Consul refuses it when they have changed.
 */
export class LastWrittenServices {
  // Two generations, of which the older is dropped as a whole: finding the oldest key of a Map takes longer the more
  // keys were deleted.
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

/** Looks services up in a transaction's results; parts that it did not write are taken from `found`. Pure. */
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
