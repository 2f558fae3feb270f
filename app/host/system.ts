import type { ServiceDiscovery } from "../../effects/service-catalog/service-discovery.ts";
import type { DomainModel } from "../../runtime/contract/model/domain-model.ts";
import type { Domain } from "../../runtime/core/domain.ts";
import type { MessageDefinition } from "../../runtime/core/message.ts";
import type { Clock } from "../../runtime/ports/clock.ts";
import type { EventBus } from "../../runtime/ports/event-bus.ts";
import type { Store } from "../../runtime/ports/store.ts";
import type { ShellEvent } from "../../runtime/shell/shell-event.ts";
import type { Config } from "./config.ts";
import type { ReloadingRuntime } from "./reloading-runtime.ts";

/** A composed system, as HTTP, the commands and the demo use it. */
export interface System {
  readonly config: Config;
  /** The folder that a reload reads. */
  readonly contractsDir: string;
  /** Whether the page may write to that folder: in `rollcall dev`. */
  readonly editable: boolean;
  /** The contracts in force. A reload replaces `model` and `domain`; the domain's name never changes. */
  readonly model: DomainModel;
  readonly domain: Domain;
  /** Every message of the domain, with its schema. */
  readonly messages: readonly MessageDefinition[];
  readonly runtime: ReloadingRuntime;
  readonly store: Store;
  readonly bus: Pick<EventBus, "publish" | "describe">;
  readonly catalog: ServiceDiscovery;
  readonly clock: Clock;
  /** Calls the listener for each event of the shell, after it happened; the function returned ends it. */
  watch(listener: (event: ShellEvent) => void): () => void;
  /** Drains and closes everything, within 10 s. Idempotent. */
  stop(): Promise<void>;
}
