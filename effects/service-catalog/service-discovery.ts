import type { Check } from "../../contracts/registration/messages/intents.ts";

export interface DiscoveredService {
  readonly service_id: string;
  readonly service_name: string;
  readonly node_id: string;
  /** Empty when the node named no endpoint. */
  readonly address: string;
  readonly port: number | null;
  readonly tags: readonly string[];
  readonly status: Check["status"];
  /** Why the status is what it is. */
  readonly note: string;
  readonly version: number;
}

/** What was registered, for those who look for a service. Only entries with our owner mark. */
export interface ServiceDiscovery {
  /**
   * The services of one name, by service id; with `passing` only those that are ready for work.
   * @throws Fault UNAVAILABLE, retryable: no answer within 10 s
   */
  services(name: string, passing: boolean): Promise<DiscoveredService[]>;
  /**
   * Whether it answers, and as which version.
   * @throws Fault UNAVAILABLE, retryable
   */
  probe(): Promise<{ readonly version: string }>;
}
