import type { Failpoint } from "./failpoint.ts";
import type { ShellLimits } from "./limits.ts";
import type { ShellContext } from "./shell-context.ts";
import type { Observe } from "./shell-event.ts";
import type { Tracing } from "./tracing.ts";

export interface RuntimeOptions extends Pick<ShellContext, "domain" | "bus" | "store" | "clock" | "owner"> {
  /** Partition count for topics that do not exist yet. */
  readonly partitions: number;
  readonly limits?: Partial<ShellLimits>;
  readonly observe?: Observe;
  readonly failpoint?: Failpoint;
  readonly tracing?: Tracing | undefined;
  /** The runtime can't go on: the process should report the error and exit. */
  readonly onFatal: (error: unknown) => void;
  /** Other contracts are in force: this runtime takes over nothing any more. Stop it, and start one with those. */
  readonly onSuperseded?: () => void;
}
