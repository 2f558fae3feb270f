import { fileURLToPath } from "node:url";
import { migrate } from "../../runtime/adapters/sql/migrate.ts";
import { SystemClock } from "../../runtime/adapters/system-clock.ts";
import { EmbeddedBroker } from "../../runtime/adapters/embedded-bus/embedded-broker.ts";
import { EmbeddedBus } from "../../runtime/adapters/embedded-bus/embedded-bus.ts";
import { compileDomain } from "../../runtime/contract/compile/compile-domain.ts";
import { validateDomain } from "../../runtime/contract/checks/validate.ts";
import type { Domain, DomainCode } from "../../runtime/core/domain.ts";
import type { ReconciledBackend } from "../../runtime/core/drift.ts";
import { partitionOf } from "../../runtime/core/murmur2.ts";
import type { Clock } from "../../runtime/ports/clock.ts";
import type { EventBus } from "../../runtime/ports/event-bus.ts";
import type { Sql, Store } from "../../runtime/ports/store.ts";
import type { ShellLimits } from "../../runtime/shell/limits.ts";
import { Runtime } from "../../runtime/shell/runtime.ts";
import type { ShellEvent } from "../../runtime/shell/shell-event.ts";
import { toyCode, toyFolder } from "../contract/toy-domain.ts";

const MIGRATIONS = fileURLToPath(new URL("../../runtime/adapters/migrations", import.meta.url));
const PARTITIONS = 4;

/** The runtime's tables, empty. */
export async function emptyTables(store: Store): Promise<void> {
  await store.query(`drop schema if exists rollcall cascade`);
  await migrate(store, [{ scope: "runtime", directory: MIGRATIONS }]);
}

interface OrdersOptions {
  readonly effects?: Partial<DomainCode["effects"]>;
  readonly reconciled?: readonly ReconciledBackend[];
  readonly limits?: Partial<ShellLimits>;
  /** Changes the compiled contracts. */
  readonly changed?: (domain: Domain) => Domain;
  readonly onSuperseded?: () => void;
  readonly observe?: (event: ShellEvent) => void;
  readonly clock?: Clock;
  /** Shared with another domain's runtime on the same store. */
  readonly broker?: EmbeddedBroker;
  /** False: what the shell tells is only observed. */
  readonly keepsTold?: boolean;
  readonly confirmTakeover?: (tx: Sql) => Promise<void>;
  /** Wraps the bus that the runtime gets. */
  readonly over?: (bus: EventBus) => EventBus;
}

/** A runtime with the toy domain of orders on the embedded bus, and nothing else. */
export async function startOrders(store: Store, options: OrdersOptions = {}) {
  const { clock = new SystemClock(), keepsTold = true } = options;
  const { broker = new EmbeddedBroker({ store, clock }) } = options;
  const told: ShellEvent[] = [];
  const fatal: unknown[] = [];
  const domain = ordersDomain(options);
  const bus = new EmbeddedBus({ broker, domain: domain.name });
  const runtime = new Runtime({
    domain,
    bus: options.over?.(bus) ?? bus,
    store,
    clock,
    owner: `test-${Math.random()}`,
    partitions: PARTITIONS,
    observe: (event) => {
      if (keepsTold) told.push(event);
      options.observe?.(event);
    },
    onFatal: (error) => fatal.push(error),
    ...(options.limits && { limits: options.limits }),
    ...(options.onSuperseded && { onSuperseded: options.onSuperseded }),
    ...(options.confirmTakeover && { confirmTakeover: options.confirmTakeover }),
  });
  await runtime.start();
  const untilOwned = () => until(() => runtime.status().owned.length === PARTITIONS);
  await untilOwned();

  const publish = publisherOn(bus);
  const stateOf = stateReader(store);
  const place = (ids: readonly string[], amount = 5) =>
    publish(
      "place-order",
      ids.map((order_id) => ({ order_id, amount })),
    );
  const untilState = (id: string, state: string) => until(async () => (await stateOf(id)) === state);
  /** Once the store was changed the process takes all partitions over again, as another one would. */
  const changeOwner = async (change: (tx: Sql) => Promise<unknown> = async () => {}): Promise<void> => {
    const owned = () => told.filter(({ kind }) => kind === "partitions_owned").length;
    const before = owned();
    await store.transaction(async (tx) => {
      await tx.query(`update rollcall.partition_owner set epoch = epoch + 1, owner = 'another'`);
      await change(tx);
    });
    await until(() => owned() > before);
  };
  const settled = () =>
    until(() => {
      const { waiting, intents, unpublished, lag } = runtime.status();
      return waiting + intents + unpublished + lag === 0;
    });
  const waits = { untilOwned, untilState, settled };
  return { runtime, bus, domain, told, fatal, publish, place, stateOf, changeOwner, ...waits };
}

/** Ids of orders of one partition. */
export const idsIn = (partition: number): readonly string[] =>
  Array.from({ length: 99 }, (_, index) => `o${index}`).filter((id) => partitionOf(id, PARTITIONS) === partition);

export function ordersDomain({ effects, reconciled = [], changed }: OrdersOptions = {}): Domain {
  const code = { ...toyCode, effects: { ...toyCode.effects, ...effects }, reconciled } as DomainCode;
  const { model } = validateDomain(toyFolder, code);
  if (!model) throw new Error("the toy domain's contracts have errors");
  const compiled = compileDomain(model, { env: "test", namespace: "" });
  return changed?.(compiled) ?? compiled;
}

/** The domain with another pickup deadline. */
export const pickupWithin =
  (afterMs: number) =>
  (domain: Domain): Domain => {
    const states = [...domain.orchestrator.states].map(
      ([name, state]) =>
        [name, state.deadline ? { ...state, deadline: { ...state.deadline, afterMs } } : state] as const,
    );
    return { ...domain, orchestrator: { ...domain.orchestrator, states: new Map(states) } };
  };

export const publisherOn =
  (bus: EventBus) =>
  (topic: string, payloads: readonly object[], headers: (id: string) => Record<string, string> = () => ({})) => {
    const messages = payloads.map((payload) => {
      const id = (payload as { order_id: string }).order_id;
      return {
        topic: `test.shop.${topic}`,
        partition: partitionOf(id, PARTITIONS),
        key: Buffer.from(id),
        value: Buffer.from(JSON.stringify(payload)),
        headers: headers(id),
      };
    });
    return bus.publish(messages, { timeoutMs: 60_000 });
  };

const stateReader =
  (store: Store) =>
  async (id: string): Promise<string | null | undefined> => {
    const [row] = await store.query<{ state: string | null }>(
      `select state from rollcall.entity where entity_id = $1`,
      [id],
    );
    return row?.state;
  };

/** Waits until the condition holds; a test that waits in vain fails by its timeout. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 10));
}
