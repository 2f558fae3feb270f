import type { Catalog } from "../effects/catalogue/discovery.ts";
import type { ContractSet } from "../runtime/contract/source.ts";
import type { Domain } from "../runtime/core/domain.ts";
import type { MessageDefinition } from "../runtime/core/message.ts";
import type { Clock } from "../runtime/ports/clock.ts";
import type { EventBus } from "../runtime/ports/event-bus.ts";
import type { Store } from "../runtime/ports/store.ts";
import type { Runtime } from "../runtime/shell/runtime.ts";
import type { ShellEvent } from "../runtime/shell/shell-event.ts";
import type { Config } from "./config.ts";

/** A composed system: what HTTP, the CLI and the demo stand on. */
export interface System {
  readonly config: Config;
  readonly contracts: ContractSet;
  readonly domain: Domain;
  /** Every message of the domain's code, with its schema. */
  readonly messages: readonly MessageDefinition[];
  readonly runtime: Runtime;
  readonly store: Store;
  readonly bus: EventBus;
  readonly catalog: Catalog;
  readonly clock: Clock;
  /** Hears every event of the shell, after it became true; the function returned ends it. */
  watch(listener: (event: ShellEvent) => void): () => void;
  /** Drains and closes everything, within 10 s. Idempotent. */
  stop(): Promise<void>;
}
