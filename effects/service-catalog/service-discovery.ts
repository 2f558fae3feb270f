import type { Check } from "./messages.ts";

export interface DiscoveredService {
  readonly service_id: string;
  readonly service_name: string;
  readonly node_id: string;
  /** Empty for a node without an endpoint. */
  readonly address: string;
  readonly port: number | null;
  readonly tags: readonly string[];
  readonly status: Check["status"];
  /** The reason for the status. */
  readonly note: string;
  readonly version: number;
}

/** Finds registered services, only those with our owner mark. */
export interface ServiceDiscovery {
  /**
   * The services of a name, in the order of their ids; with `passing` only those that are ready for work.
   * @throws Fault UNAVAILABLE, retryable: no answer within 10 s
   */
  services(name: string, passing: boolean): Promise<DiscoveredService[]>;
  /**
   * The version of the backend.
   * @throws Fault UNAVAILABLE, retryable: no answer
   */
  probe(): Promise<{ readonly version: string }>;
}
