import { attemptRefOf } from "../core/entity.ts";
import type { BusListener, BusRecord } from "../ports/event-bus.ts";
import { ContractsSuperseded } from "./contract-in-force.ts";
import { BrokerClock } from "./deadlines/broker-clock.ts";
import { DeadlineScheduler } from "./deadlines/deadline-scheduler.ts";
import { noFailpoint } from "./failpoint.ts";
import { IntentRunner } from "./intents/intent-runner.ts";
import { DEFAULT_LIMITS } from "./limits.ts";
import { applyBackpressure } from "./partitions/backpressure.ts";
import { measureLag } from "./partitions/lag.ts";
import type { Partition } from "./partitions/partition.ts";
import { ServiceMonitor } from "./partitions/service-monitor.ts";
import { type ResumedPartition, Takeover } from "./partitions/takeover.ts";
import { Publisher, outboxEntriesOf } from "./publisher.ts";
import { Reconciler } from "./reconciliation/reconciler.ts";
import type { RuntimeOptions } from "./runtime-options.ts";
import type { RuntimeStatus } from "./runtime-status.ts";
import { backOffMs, sleep, type ShellContext } from "./shell-context.ts";
import { topicsOf } from "./topics.ts";
import { Inbox, type InboxItem, uncountRecord } from "./turns/inbox.ts";
import { SeenPruning } from "./turns/seen-pruning.ts";
import type { TurnPlan } from "./turns/turn-plan.ts";
import { TurnRunner } from "./turns/turn-runner.ts";

/** How long a stop waits for running turns, publishes and effects. */
const STOP_DRAIN_MS = 7_000;

/** Runs one domain's contracts on the partitions that this process owns. It has no knowledge of any domain. */
export class Runtime {
  readonly #options: RuntimeOptions;
  readonly #context: ShellContext;
  readonly #turns: TurnRunner;
  readonly #publisher: Publisher;
  readonly #intents: IntentRunner;
  readonly #deadlines: DeadlineScheduler;
  readonly #takeover: Takeover;
  readonly #serviceMonitor: ServiceMonitor;
  readonly #pruning: SeenPruning;
  readonly #reconciler: Reconciler;
  /** By partition number. */
  readonly #owned = new Map<number, Partition>();
  #refused: readonly string[] = [];
  #assignmentGeneration = 0;
  #partitions = 0;
  #stopping = false;
  #loop: Promise<void> | undefined;

  constructor(options: RuntimeOptions) {
    const { domain, bus, store, clock, owner } = options;
    this.#options = options;
    this.#context = {
      domain,
      bus,
      store,
      clock,
      owner,
      brokerClock: new BrokerClock(clock),
      inbox: new Inbox(),
      limits: { ...DEFAULT_LIMITS, ...options.limits },
      observe: options.observe ?? (() => {}),
      failpoint: options.failpoint ?? noFailpoint,
      tracing: options.tracing,
    };
    this.#publisher = new Publisher(this.#context);
    this.#intents = new IntentRunner(this.#context);
    this.#deadlines = new DeadlineScheduler(this.#context, () => this.#serviceMonitor.isInService);
    this.#pruning = new SeenPruning(this.#context);
    this.#reconciler = new Reconciler(this.#context, {
      partitions: () => [...this.#owned.values()],
      partitionCount: () => this.#partitions,
      isPending: (target) => this.#intents.isPending(target),
    });
    this.#takeover = new Takeover(this.#context);
    this.#turns = new TurnRunner(this.#context, {
      onCommitted: (plan) => this.#startCommitted(plan),
      onOutdatedFiring: (due) => this.#deadlines.rescheduleFiring(due),
      onFinished: (items) => this.#finishItems(items),
      onPartitionsLost: (partitions) => this.#onPartitionsLost(partitions),
      onFatal: options.onFatal,
    });
    this.#serviceMonitor = new ServiceMonitor(this.#context, {
      partitions: () => [...this.#owned.values()],
      logEndsNeededInMs: () => this.#deadlines.logEndsNeededInMs,
      onLogEnds: (askedAtMs, ends) => this.#deadlines.onLogEnds(askedAtMs, ends),
      onLost: (partitions) => this.#onPartitionsLost(partitions),
    });
  }

  /**
   * Prepares topics and partitions, then joins the group. Serves once `status().owned` is not empty.
   * @throws Fault BUS_UNAVAILABLE, STORE_UNAVAILABLE (retryable); TOPICS_UNEQUAL, TOPIC_TIMESTAMP_TYPE,
   * PARTITIONS_CHANGED
   */
  async start(): Promise<void> {
    const { bus, domain } = this.#context;
    const { input, output } = topicsOf(domain);
    const { partitions } = await bus.prepare({ input, output, partitions: this.#options.partitions });
    this.#partitions = partitions;
    this.#turns.partitions = partitions;
    await this.#takeover.prepare(partitions);
    await bus.subscribe(input, this.#listener());
    this.#serviceMonitor.start();
    this.#pruning.start();
    this.#deadlines.guard.start();
    this.#reconciler.start();
    this.#loop = this.#runTurns().catch(this.#options.onFatal);
  }

  /** Finishes running work, stores the cursors, leaves the group and closes the bus. The caller closes the store. */
  async stop(): Promise<void> {
    const { bus, clock, inbox } = this.#context;
    this.#stopping = true;
    bus.pause([...this.#owned.keys()]);
    this.#serviceMonitor.stop();
    this.#pruning.stop();
    this.#deadlines.guard.stop();
    this.#reconciler.stop();
    this.#intents.stop();
    const untilMs = clock.monotonicMs() + STOP_DRAIN_MS;
    const isBusy = (): boolean =>
      inbox.size + this.#publisher.size + this.#intents.callsInFlight > 0 || this.#turns.isBusy;
    while (isBusy() && clock.monotonicMs() < untilMs) {
      inbox.wake();
      await sleep(clock, 10);
    }
    for (const partition of this.#owned.values()) partition.isLost = true;
    inbox.wake();
    await this.#loop;
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

  status(): RuntimeStatus {
    const [bus, store] = [this.#serviceMonitor.errorOf("bus"), this.#serviceMonitor.errorOf("store")];
    return {
      owned: [...this.#owned.keys()].sort((a, b) => a - b),
      partitions: this.#partitions,
      refused: this.#refused,
      bus: bus === undefined ? { ok: true } : { ok: false, reason: bus },
      store: store === undefined ? { ok: true } : { ok: false, reason: store },
      waiting: this.#context.inbox.size,
      intents: this.#intents.size,
      unpublished: this.#publisher.size,
      deadlines: this.#deadlines.index.size,
      ...measureLag(this.#owned.values(), this.#serviceMonitor.logEnds),
      brokerTimeMs: this.brokerTimeMs,
      holds: this.#deadlines.guard.holds,
      drift: this.#reconciler.driftStatus,
    };
  }

  async #runTurns(): Promise<void> {
    const { clock, inbox, limits } = this.#context;
    while (!this.#stopping || [...this.#owned.values()].some(({ isLost }) => !isLost)) {
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
    for (const item of items) uncountRecord(item);
    this.#deadlines.fireReady();
    this.#applyBackpressure();
  }

  /** The turn is durable: now its effects, publishes and deadlines may begin. */
  #startCommitted(plan: TurnPlan): void {
    const hint = new Map<string, Map<number, number>>();
    for (const { partition, nextSeq, publishedSeq, positions } of plan.cursors.values()) {
      partition.nextSeq = nextSeq;
      partition.publishedSeq = publishedSeq;
      for (const [topic, offset] of positions) {
        partition.positions.set(topic, offset);
        hint.set(topic, (hint.get(topic) ?? new Map<number, number>()).set(partition.number, offset));
      }
    }
    if (hint.size > 0) this.#context.bus.commitPositionsHint(hint);
    for (const { partition, before, after } of plan.entities.values()) {
      partition.entities.set(after.id, after);
      if (before?.deadlines === after.deadlines || partition.isLost) continue;
      const owner = { partition, ...attemptRefOf(after.id, after.attempt) };
      this.#deadlines.index.set(owner, before?.deadlines ?? {}, after.deadlines);
    }
    for (const { intent } of plan.settled) this.#intents.releaseTarget(intent);
    for (const { partition, intent } of plan.intents) if (!partition.isLost) this.#intents.add(partition, [intent]);
    this.#publisher.add(plan.journal.flatMap((row) => outboxEntriesOf(row)));
    for (const event of plan.shellEvents) this.#context.observe(event);
  }

  #listener(): BusListener {
    return {
      onAssigned: (partitions) => void this.#onAssigned(partitions),
      onRevoked: () => {
        this.#assignmentGeneration++;
        this.#dropPartitions([...this.#owned.values()]);
      },
      onRecords: (records) => this.#onRecords(records),
      onFailure: this.#options.onFatal,
    };
  }

  #onRecords(records: readonly BusRecord[]): void {
    const { inbox, brokerClock } = this.#context;
    for (const record of records) {
      const partition = this.#owned.get(record.partition);
      if (!partition) continue;
      brokerClock.addSample(record.receivedAtMs, record.brokerTimeMs);
      inbox.pushRecord(partition, record);
    }
    this.#applyBackpressure();
  }

  /** Takes over all assigned partitions; repeats until it succeeds or a newer assignment comes. */
  async #onAssigned(numbers: readonly number[]): Promise<void> {
    const { bus, clock, domain, limits, observe } = this.#context;
    const generation = ++this.#assignmentGeneration;
    this.#dropPartitions([...this.#owned.values()]);
    for (let failures = 0; generation === this.#assignmentGeneration && !this.#stopping;) {
      try {
        const ends = await bus.logEnds(topicsOf(domain).input, { timeoutMs: limits.logEndsTimeoutMs });
        const taken = await this.#takeover.takeOver(numbers, ends, this.#partitions);
        if (generation === this.#assignmentGeneration) this.#resumePartitions(taken);
        return;
      } catch (error) {
        if (error instanceof ContractsSuperseded && this.#options.onSuperseded) return this.#options.onSuperseded();
        observe({ kind: "unreachable", part: "store", error: String(error) });
        await sleep(clock, backOffMs(++failures));
      }
    }
  }

  #resumePartitions(taken: readonly ResumedPartition[]): void {
    const { bus, clock, inbox, observe } = this.#context;
    this.#refused = taken.flatMap(({ refusalReason }) => (refusalReason === undefined ? [] : [refusalReason]));
    for (const { partition, refusalReason, servedForMs, intents, unpublished, deadlines, gaps } of taken) {
      if (refusalReason !== undefined) continue;
      if (servedForMs !== null) partition.resumedAtMs = clock.monotonicMs() - servedForMs;
      this.#owned.set(partition.number, partition);
      for (const { owner, deadlines: armed } of deadlines)
        this.#deadlines.index.set({ partition, ...owner }, {}, armed);
      this.#publisher.add(unpublished);
      this.#intents.add(partition, intents);
      for (const gap of gaps) inbox.push({ kind: "gap", partition, ...gap });
      bus.startPartition(partition.number, partition.positions);
    }
    observe({ kind: "partitions_owned", owned: [...this.#owned.keys()], refused: this.#refused });
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
    for (const partition of partitions) {
      partition.isLost = true;
      if (this.#owned.get(partition.number) === partition) this.#owned.delete(partition.number);
    }
    this.#context.inbox.drop(({ partition }) => partition.isLost);
    this.#intents.dropLost();
    this.#deadlines.dropLost();
  }

  #applyBackpressure(): void {
    const { bus, limits } = this.#context;
    if (this.#stopping) return;
    const shared = Math.max(this.#intents.size / limits.intentsMax, this.#publisher.size / limits.unpublishedMax);
    applyBackpressure(bus, this.#owned.values(), shared, limits);
  }
}
