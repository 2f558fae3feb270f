import type { BusListener, BusRecord } from "../ports/event-bus.ts";
import { BrokerClock } from "./deadlines/broker-clock.ts";
import { DeadlineScheduler } from "./deadlines/deadline-scheduler.ts";
import { NO_DOOR_KEYS } from "./door-keys.ts";
import { isDeploymentDifference } from "./deployment.ts";
import { noFailpoint } from "./failpoint.ts";
import { IntentRunner } from "./intents/intent-runner.ts";
import { DEFAULT_LIMITS, type ShellLimits } from "./limits.ts";
import { applyBackpressure, trimEntities } from "./partitions/backpressure.ts";
import type { Partition } from "./partitions/partition.ts";
import { SharedBounds } from "./partitions/shared-bounds.ts";
import { ServiceMonitor } from "./partitions/service-monitor.ts";
import { isSuperseded, preparePartitions, type Takeover, takeOver } from "./partitions/takeover.ts";
import { startHousekeeping } from "./housekeeping.ts";
import { Publisher } from "./publisher.ts";
import { Reconciler } from "./reconciliation/reconciler.ts";
import { backOffMs, sleep, type ShellContext } from "./shell-context.ts";
import { topicsOf } from "./topics.ts";
import { applyCommitted } from "./turns/apply-committed.ts";
import { committedTurn } from "./turns/committed-turn.ts";
import { HeldItems } from "./turns/held-items.ts";
import { Inbox, type InboxItem, releaseItem } from "./turns/inbox.ts";
import type { TurnPlan } from "./turns/turn-plan.ts";
import { TurnRunner } from "./turns/turn-runner.ts";

/** How long a stop waits for running turns, publishes and effects. */
const STOP_DRAIN_MS = 7_000;

interface RuntimeOptions
  extends
    Pick<ShellContext, "domain" | "bus" | "store" | "clock" | "owner" | "onFatal">,
    Partial<Pick<ShellContext, "bounds" | "observe" | "failpoint" | "confirmTakeover" | "tracing" | "doorKeys">> {
  /** Partition count for topics that do not exist yet. */
  readonly partitions: number;
  readonly limits?: Partial<ShellLimits>;
  /** Other contracts are in force: this runtime takes over nothing any more. Stop it, and start one with those. */
  readonly onSuperseded?: () => void;
}

export type RuntimeStatus = ReturnType<Runtime["status"]>;

/** Runs one domain's contracts on the partitions that this process owns. It has no knowledge of any domain. */
export class Runtime {
  readonly #options: RuntimeOptions;
  readonly #context: ShellContext;
  readonly #turns: TurnRunner;
  readonly #publisher: Publisher;
  readonly #intents: IntentRunner;
  readonly #deadlines: DeadlineScheduler;
  readonly #serviceMonitor: ServiceMonitor;
  readonly #reconciler: Reconciler;
  readonly #stop = new AbortController();
  #refused: readonly string[] = [];
  #assignmentGeneration = 0;
  #isAssignmentSettled = false;
  #loop: Promise<void> | undefined;

  constructor(options: RuntimeOptions) {
    this.#options = options;
    const limits = { ...DEFAULT_LIMITS, ...options.limits };
    const [brokerClock, inbox] = [new BrokerClock(options.clock), new Inbox(options.clock)];
    this.#context = {
      bounds: new SharedBounds(limits, 1).share(),
      observe: () => {},
      ...{ failpoint: noFailpoint, confirmTakeover: async () => {}, tracing: undefined, doorKeys: NO_DOOR_KEYS },
      ...options,
      limits,
      brokerClock,
      inbox,
      held: new HeldItems({ clock: options.clock, brokerClock, inbox }),
      owned: new Map(),
      partitionCount: 0,
      stopping: this.#stop.signal,
      onPartitionsLost: (partitions) => this.#onPartitionsLost(partitions),
    };
    this.#publisher = new Publisher(this.#context);
    this.#intents = new IntentRunner(this.#context);
    this.#deadlines = new DeadlineScheduler(this.#context, () => this.#serviceMonitor.isInService);
    this.#serviceMonitor = new ServiceMonitor(this.#context, this.#deadlines, this.#publisher);
    this.#reconciler = new Reconciler(this.#context, (target) => this.#intents.isPending(target));
    this.#turns = new TurnRunner(this.#context, {
      onCommitted: (plan) => this.#startCommitted(plan),
      onOutdatedFiring: (due) => this.#deadlines.rescheduleFiring(due),
      onRefused: (item) => item.kind === "parked" && this.#intents.onRowsRefused(item.intents),
      onFinished: (items) => this.#finishItems(items),
    });
  }

  /**
   * Prepares topics and partitions, then joins the group. Serves once `status().owned` is not empty.
   * @throws Fault BUS_UNAVAILABLE, STORE_UNAVAILABLE (retryable); TOPICS_UNEQUAL, TOPIC_TIMESTAMP_TYPE,
   * PARTITIONS_CHANGED
   */
  async start(): Promise<void> {
    const { bus, domain } = this.#context;
    const topics = topicsOf(domain);
    const { partitions } = await bus.prepare({ ...topics, partitions: this.#options.partitions });
    this.#context.partitionCount = partitions;
    await preparePartitions(this.#context);
    await bus.subscribe(topics.input, this.#listener());
    this.#serviceMonitor.start();
    startHousekeeping(this.#context, () => this.#options.onSuperseded?.());
    this.#deadlines.guard.start();
    this.#reconciler.start();
    this.#intents.startParking();
    this.#loop = this.#runTurns().catch(this.#options.onFatal);
  }

  /** Finishes running work, stores the cursors, leaves the group and closes the bus. The caller closes the store. */
  async stop(): Promise<void> {
    const { bus, clock, inbox, owned } = this.#context;
    this.#stop.abort();
    bus.pause([...owned.keys()]);
    const untilMs = clock.monotonicMs() + STOP_DRAIN_MS;
    const isBusy = (): boolean =>
      inbox.size + this.#publisher.size + this.#intents.callsInFlight > 0 || this.#turns.isBusy;
    while (isBusy() && clock.monotonicMs() < untilMs) {
      inbox.wake();
      await sleep(clock, 10);
    }
    for (const partition of owned.values()) partition.isLost = true;
    inbox.wake();
    await this.#loop;
    owned.clear();
    this.#context.bounds.release();
    await bus.close();
  }

  get brokerTimeMs(): number {
    return this.#context.brokerClock.nowMs();
  }

  /** Lets the entity's intents that wait for their next try run now. @returns how many waited in this process */
  retryNow(entityId: string): number {
    return this.#intents.retryNow(entityId);
  }

  /** The failed calls that this process made for the entity's unfinished intents, by intent id. */
  triesOf(entityId: string): ReturnType<IntentRunner["triesOf"]> {
    return this.#intents.triesOf(entityId);
  }

  /** What the entity's unfinished intents wait for whose effects answer "not yet" here, by intent id. */
  notYetOf(entityId: string): ReturnType<IntentRunner["notYetOf"]> {
    return this.#intents.notYetOf(entityId);
  }

  /** As `IntentRunner.end`, also of an intent of which the store refuses the outcome. */
  endIntent(intentId: string, why: string): ReturnType<IntentRunner["end"]> {
    return this.#intents.end(intentId, (id) => this.#context.held.takeOutcome(id), why);
  }

  status() {
    const { owned, partitionCount, inbox, held } = this.#context;
    return {
      owned: [...owned.keys()].sort((a, b) => a - b),
      partitions: partitionCount,
      /** Whether partitions were assigned and taken over at least once, be they none. */
      isAssignmentSettled: this.#isAssignmentSettled,
      /** Why partitions were not taken over, one text for each. */
      refused: this.#refused,
      paused: [...owned.values()].flatMap(({ number, isPaused }) => (isPaused ? [number] : [])),
      ...this.#serviceMonitor.status,
      commits: this.#turns.commits,
      openBreakers: this.#intents.openBreakers,
      waiting: inbox.size,
      intents: this.#intents.size,
      notYet: this.#intents.notYetCount,
      refusedTurns: held.refusedTurns,
      unpublished: this.#publisher.size,
      deadlines: this.#deadlines.index.size,
      brokerTimeMs: this.brokerTimeMs,
      /** Holds on expiry that are in force, over all processes; `waiting` counts this process's entities. */
      holds: this.#deadlines.guard.holds,
      unreadable: held.unreadable.summary,
      drift: this.#reconciler.driftStatus,
    };
  }

  async #runTurns(): Promise<void> {
    const { clock, inbox, limits, owned, stopping } = this.#context;
    while (!stopping.aborted || [...owned.values()].some(({ isLost }) => !isLost)) {
      await inbox.untilUrgent();
      // I/O that is ready is processed before the next turn, so that it is part of it. A store inside of this process
      // would otherwise starve the sockets, since it answers without leaving the microtask queue.
      await clock.afterIo();
      // Planning during a commit pays when many items wait. With few, waiting for it puts more of them into one turn.
      if (inbox.size < limits.planAheadMessagesMin) await this.#turns.idle();
      const items = inbox.take(limits.turnMessagesMax);
      if (items.length > 0) await this.#turns.runTurn(items);
    }
    await this.#turns.idle();
  }

  #finishItems(items: readonly InboxItem[]): void {
    for (const item of items) if (!this.#context.held.has(item)) releaseItem(item);
    this.#deadlines.fireReady();
    this.#applyBackpressure();
  }

  /** The turn is durable: now its effects, publishes and deadlines may begin. */
  #startCommitted(plan: TurnPlan): void {
    applyCommitted(this.#context.bus, this.#deadlines.index, plan);
    trimEntities(this.#context);
    this.#intents.startCommitted(plan);
    this.#publisher.add(plan.outbox.filter(({ partition }) => !partition.isLost));
    for (const event of plan.shellEvents) this.#context.observe(event);
    this.#context.observe(committedTurn(plan, this.#context.domain.contractHash));
  }

  #listener(): BusListener {
    return {
      onAssigned: (partitions) => void this.#onAssigned(partitions),
      onRevoked: () => {
        this.#assignmentGeneration++;
        this.#dropPartitions([...this.#context.owned.values()]);
      },
      onRecords: (records) => this.#onRecords(records),
      onFailure: this.#options.onFatal,
    };
  }

  #onRecords(records: readonly BusRecord[]): void {
    const { inbox, brokerClock, owned } = this.#context;
    for (const record of records) {
      const partition = owned.get(record.partition);
      if (!partition) continue;
      brokerClock.addSample(record.receivedAtMs, record.brokerTimeMs);
      inbox.pushRecord(partition, record);
    }
    this.#applyBackpressure();
  }

  /** Takes over all assigned partitions; repeats until it succeeds or a newer assignment comes. */
  async #onAssigned(numbers: readonly number[]): Promise<void> {
    const { bus, clock, domain, limits, observe, owned, stopping } = this.#context;
    const generation = ++this.#assignmentGeneration;
    this.#dropPartitions([...owned.values()]);
    for (let failures = 0; generation === this.#assignmentGeneration && !stopping.aborted;) {
      try {
        const ends = await bus.logEnds(topicsOf(domain).input, { timeoutMs: limits.logEndsTimeoutMs });
        const taken = await takeOver(this.#context, numbers, ends);
        if (generation === this.#assignmentGeneration) this.#resumePartitions(taken);
        return;
      } catch (error) {
        if (isSuperseded(error) && this.#options.onSuperseded) return this.#options.onSuperseded();
        if (isDeploymentDifference(error)) return this.#options.onFatal(error);
        observe({ kind: "unreachable", part: "store", error: String(error) });
        await sleep(clock, backOffMs(++failures));
      }
    }
  }

  #resumePartitions({ started, refused, intents, unpublished, deadlines }: Takeover): void {
    const { bus, clock, inbox, observe, owned } = this.#context;
    this.#refused = refused;
    this.#isAssignmentSettled = true;
    for (const { partition, servedForMs } of started) {
      if (servedForMs !== null) partition.resumedAtMs = clock.monotonicMs() - servedForMs;
      owned.set(partition.number, partition);
    }
    for (const { owner, armed } of deadlines) this.#deadlines.index.set(owner, {}, armed);
    this.#publisher.add(unpublished);
    this.#intents.resume(intents);
    for (const { partition, gaps } of started) {
      for (const gap of gaps) inbox.push({ kind: "gap", partition, ...gap });
      bus.startPartition(partition.number, partition.positions);
    }
    observe({ kind: "partitions_owned", owned: [...owned.keys()], refused });
  }

  /** Another process owns them, by the store's epochs: drops them, and asks the group for the current assignment. */
  #onPartitionsLost(partitions: readonly Partition[]): void {
    const unexpected = partitions.filter(({ isLost }) => !isLost);
    this.#dropPartitions(partitions);
    if (unexpected.length === 0) return;
    this.#context.observe({ kind: "partitions_lost", partitions: unexpected.map(({ number }) => number) });
    this.#context.bus.requestReassignment();
  }

  #dropPartitions(partitions: readonly Partition[]): void {
    if (partitions.length === 0) return;
    const { inbox, owned } = this.#context;
    for (const partition of partitions) {
      partition.isLost = true;
      if (owned.get(partition.number) === partition) owned.delete(partition.number);
    }
    inbox.drop(({ partition }) => partition.isLost);
    this.#context.held.dropLost();
    this.#intents.dropLost();
    this.#deadlines.dropLost();
  }

  #applyBackpressure(): void {
    if (this.#context.stopping.aborted) return;
    applyBackpressure(this.#context, { intents: this.#intents.size, unpublished: this.#publisher.size });
  }
}
