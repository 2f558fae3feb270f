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

/** A composed system: what HTTP, the CLI and the demo stand on. */
export interface System {
  readonly config: Config;
  /** The folder that a reload reads. */
  readonly contractsDir: string;
  /** Whether the page may write to it: `rollcall dev`. */
  readonly editable: boolean;
  /** In force now: a reload changes both. Only the domain's name is the same for ever. */
  readonly model: DomainModel;
  readonly domain: Domain;
  /** Every message of the domain's code, with its schema. */
  readonly messages: readonly MessageDefinition[];
  readonly runtime: ReloadingRuntime;
  readonly store: Store;
  readonly bus: Pick<EventBus, "publish" | "describe">;
  readonly catalog: ServiceDiscovery;
  readonly clock: Clock;
  /** Hears every event of the shell, after it became true; the function returned ends it. */
  watch(listener: (event: ShellEvent) => void): () => void;
  /** Drains and closes everything, within 10 s. Idempotent. */
  stop(): Promise<void>;
}
