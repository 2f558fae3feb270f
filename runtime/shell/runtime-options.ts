import type { Domain } from "../core/domain.ts";
import type { Clock } from "../ports/clock.ts";
import type { EventBus } from "../ports/event-bus.ts";
import type { Store } from "../ports/store.ts";
import type { Failpoint } from "./failpoint.ts";
import type { ShellLimits } from "./limits.ts";
import type { Observe } from "./shell-event.ts";
import type { Tracing } from "./tracing.ts";

export interface RuntimeOptions {
  readonly domain: Domain;
  readonly bus: EventBus;
  readonly store: Store;
  readonly clock: Clock;
  /** Names this process in the store; unique for each start. */
  readonly owner: string;
  /** Partition count of topics that do not exist yet. */
  readonly partitions: number;
  readonly limits?: Partial<ShellLimits>;
  readonly observe?: Observe;
  readonly failpoint?: Failpoint;
  readonly tracing?: Tracing | undefined;
  /** The runtime can't go on: the process should say so and leave. */
  readonly onFatal: (error: unknown) => void;
  /** Other contracts are in force: this runtime takes nothing over any more. Stop it and make one that runs those. */
  readonly onSuperseded?: () => void;
}
