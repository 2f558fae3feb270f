import type { BusListener, BusRecord } from "../ports/event-bus.ts";
import { balance } from "./partitions/backpressure.ts";
import { BrokerClock } from "./deadlines/broker-clock.ts";
import { Superseded } from "./contract-in-force.ts";
import { DeadlineWatch } from "./deadlines/deadline-scheduler.ts";
import { noFailpoint } from "./failpoint.ts";
import { discount, Inbox, type Item } from "./turns/inbox.ts";
import { IntentRunner } from "./intents/intent-runner.ts";
import { lagOver } from "./partitions/lag.ts";
import { DEFAULT_LIMITS } from "./limits.ts";
import { backOffMs, pause, type ShellParts } from "./shell-context.ts";
import type { Partition } from "./partitions/partition.ts";
import { Publisher, unpublishedOf } from "./publisher.ts";
import { Reconciler } from "./reconciliation/reconciler.ts";
import type { RuntimeOptions } from "./runtime-options.ts";
import type { RuntimeStatus } from "./runtime-status.ts";
import { SeenPruning } from "./turns/seen-pruning.ts";
import { ServiceWatch } from "./partitions/service-monitor.ts";
import { type Taken, Takeover } from "./partitions/takeover.ts";
import { topicsOf } from "./topics.ts";
import { TurnTaker } from "./turns/turn-runner.ts";
import type { TurnPlan } from "./turns/turn-plan.ts";

/** How long a stop waits for what is under way. */
const DRAIN_MS = 7_000;

/** Runs one domain: takes turns over the partitions that this process owns. Knows no domain. */
export class Runtime {
  readonly #options: RuntimeOptions;
  readonly #parts: ShellParts;
  readonly #turns: TurnTaker;
  readonly #publisher: Publisher;
  readonly #intents: IntentRunner;
  readonly #deadlines: DeadlineWatch;
  readonly #takeover: Takeover;
  readonly #watch: ServiceWatch;
  readonly #pruning: SeenPruning;
  readonly #reconciler: Reconciler;
  readonly #owned = new Map<number, Partition>();
  #refused: readonly string[] = [];
  #generation = 0;
  #partitions = 0;
  #stopping = false;
  #running: Promise<void> | undefined;

  constructor(options: RuntimeOptions) {
    const { domain, bus, store, clock, owner } = options;
    this.#options = options;
    this.#parts = {
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
    this.#publisher = new Publisher(this.#parts);
    this.#intents = new IntentRunner(this.#parts);
    this.#deadlines = new DeadlineWatch(this.#parts, () => this.#watch.isServed);
    this.#pruning = new SeenPruning(this.#parts);
    this.#reconciler = new Reconciler(this.#parts, {
      partitions: () => [...this.#owned.values()],
      partitionCount: () => this.#partitions,
      isPending: (target) => this.#intents.isPending(target),
    });
    this.#takeover = new Takeover(this.#parts);
    this.#turns = new TurnTaker(this.#parts, {
      committed: (plan) => this.#act(plan),
      overtaken: (due) => this.#deadlines.takeBack(due),
      taken: (items) => this.#taken(items),
      lost: (partitions) => this.#lose(partitions),
      failed: options.onFatal,
    });
    this.#watch = new ServiceWatch(this.#parts, {
      partitions: () => [...this.#owned.values()],
      wantedInMs: () => this.#deadlines.dueInMs,
      onEnds: (askedAtMs, ends) => this.#deadlines.onEnds(askedAtMs, ends),
      onLost: (partitions) => this.#lose(partitions),
    });
  }

  /**
   * Prepares topics and partitions, then joins. Ready when `status().owned` is not empty (or others own all).
   * @throws Fault BUS_UNAVAILABLE, STORE_UNAVAILABLE (retryable); TOPICS_UNEQUAL, TOPIC_TIMESTAMP_TYPE,
   * PARTITIONS_CHANGED
   */
  async start(): Promise<void> {
    const { bus, domain } = this.#parts;
    const { input, output } = topicsOf(domain);
    const { partitions } = await bus.prepare({ input, output, partitions: this.#options.partitions });
    this.#partitions = partitions;
    this.#turns.partitions = partitions;
    await this.#takeover.prepare(partitions);
    await bus.subscribe(input, this.#listener());
    this.#watch.start();
    this.#pruning.start();
    this.#deadlines.guard.start();
    this.#reconciler.start();
    this.#running = this.#run().catch(this.#options.onFatal);
  }

  /** Drains what is under way, stores the cursors, leaves the group. The store stays open: it is the caller's. */
  async stop(): Promise<void> {
    const { bus, clock, inbox } = this.#parts;
    this.#stopping = true;
    bus.pause([...this.#owned.keys()]);
    this.#watch.stop();
    this.#pruning.stop();
    this.#deadlines.guard.stop();
    this.#reconciler.stop();
    this.#intents.stop();
    const untilMs = clock.monotonicMs() + DRAIN_MS;
    const isBusy = (): boolean => inbox.size + this.#publisher.size + this.#intents.calls > 0 || this.#turns.isBusy;
    while (isBusy() && clock.monotonicMs() < untilMs) {
      inbox.wake();
      await pause(clock, 10);
    }
    for (const partition of this.#owned.values()) partition.lost = true;
    inbox.wake();
    await this.#running;
    await bus.close();
  }

  get brokerTimeMs(): number {
    return this.#parts.brokerClock.nowMs();
  }

  /** Ends the waits of the entity's intents for their next try. @returns how many waited in this process */
  hurry(entityId: string): number {
    return this.#intents.hurry(entityId);
  }

  /** The failed calls of the entity's intents that are not finished, by intent, as far as this process made them. */
  triesOf(entityId: string): ReturnType<IntentRunner["triesOf"]> {
    return this.#intents.triesOf(entityId);
  }

  status(): RuntimeStatus {
    const [bus, store] = [this.#watch.trouble("bus"), this.#watch.trouble("store")];
    return {
      owned: [...this.#owned.keys()].sort((a, b) => a - b),
      partitions: this.#partitions,
      refused: this.#refused,
      bus: bus === undefined ? { ok: true } : { ok: false, reason: bus },
      store: store === undefined ? { ok: true } : { ok: false, reason: store },
      waiting: this.#parts.inbox.size,
      intents: this.#intents.size,
      unpublished: this.#publisher.size,
      deadlines: this.#deadlines.index.size,
      ...lagOver(this.#owned.values(), this.#watch.ends),
      brokerTimeMs: this.brokerTimeMs,
      holds: this.#deadlines.guard.holds,
      drift: this.#reconciler.drift,
    };
  }

  async #run(): Promise<void> {
    const { clock, inbox, limits } = this.#parts;
    while (!this.#stopping || [...this.#owned.values()].some(({ lost }) => !lost)) {
      await inbox.waiting();
      // Sockets are heard before the next turn: what came meanwhile is in it, and a store inside this process (which
      // answers without ever leaving the promise queue) does not starve them.
      await clock.afterIo();
      // Planning ahead of a commit pays when much waits; else waiting for it makes one turn of what would be two.
      if (inbox.size < limits.planAheadMin) await this.#turns.idle();
      const items = inbox.take(limits.turnMessagesMax);
      if (items.length > 0) await this.#turns.take(items);
    }
    await this.#turns.idle();
  }

  #taken(items: readonly Item[]): void {
    for (const item of items) discount(item);
    this.#deadlines.fire();
    this.#balance();
  }

  /** A turn is durable: whatever it asks for begins now. */
  #act(plan: TurnPlan): void {
    const hint = new Map<string, Map<number, number>>();
    for (const { partition, nextSeq, publishedSeq, positions } of plan.shares.values()) {
      partition.nextSeq = nextSeq;
      partition.publishedSeq = publishedSeq;
      for (const [topic, offset] of positions) {
        partition.positions.set(topic, offset);
        hint.set(topic, (hint.get(topic) ?? new Map<number, number>()).set(partition.number, offset));
      }
    }
    if (hint.size > 0) this.#parts.bus.commitHint(hint);
    for (const { partition, before, now } of plan.entities.values()) {
      partition.entities.set(now.id, now);
      if (before?.deadlines === now.deadlines || partition.lost) continue;
      const owner = {
        partition,
        entityId: now.id,
        attemptId: now.attempt.id,
        correlationId: now.attempt.correlationIds[0] ?? "",
      };
      this.#deadlines.index.set(owner, before?.deadlines ?? {}, now.deadlines);
    }
    for (const { intent } of plan.settled) this.#intents.release(intent);
    for (const { partition, intent } of plan.intents) if (!partition.lost) this.#intents.add(partition, [intent]);
    this.#publisher.add(plan.journal.flatMap((row) => unpublishedOf(row)));
    for (const event of plan.told) this.#parts.observe(event);
  }

  #listener(): BusListener {
    return {
      onAssigned: (partitions) => void this.#assigned(partitions),
      onRevoked: () => {
        this.#generation++;
        this.#drop([...this.#owned.values()]);
      },
      onRecords: (records) => this.#received(records),
      onFailure: this.#options.onFatal,
    };
  }

  #received(records: readonly BusRecord[]): void {
    const { inbox, brokerClock } = this.#parts;
    for (const record of records) {
      const partition = this.#owned.get(record.partition);
      if (!partition) continue;
      brokerClock.sample(record.receivedAtMs, record.brokerTimeMs);
      inbox.pushRecord(partition, record);
    }
    this.#balance();
  }

  /** Takes over a whole assignment; tries again until it succeeds or a younger assignment comes. */
  async #assigned(numbers: readonly number[]): Promise<void> {
    const { bus, clock, domain, limits, observe } = this.#parts;
    const generation = ++this.#generation;
    this.#drop([...this.#owned.values()]);
    for (let failures = 0; generation === this.#generation && !this.#stopping;) {
      try {
        const ends = await bus.ends(topicsOf(domain).input, { timeoutMs: limits.endsTimeoutMs });
        const taken = await this.#takeover.take(numbers, ends, this.#partitions);
        if (generation === this.#generation) this.#resume(taken);
        return;
      } catch (error) {
        if (error instanceof Superseded && this.#options.onSuperseded) return this.#options.onSuperseded();
        observe({ kind: "trouble", part: "store", error: String(error) });
        await pause(clock, backOffMs(++failures));
      }
    }
  }

  #resume(taken: readonly Taken[]): void {
    const { bus, clock, inbox, observe } = this.#parts;
    this.#refused = taken.flatMap(({ refused }) => (refused === undefined ? [] : [refused]));
    for (const { partition, refused, resumedForMs, intents, unpublished, deadlines, gaps } of taken) {
      if (refused !== undefined) continue;
      if (resumedForMs !== null) partition.resumedAtMs = clock.monotonicMs() - resumedForMs;
      this.#owned.set(partition.number, partition);
      for (const { deadlines: armed, ...entity } of deadlines)
        this.#deadlines.index.set({ partition, ...entity }, {}, armed);
      this.#publisher.add(unpublished);
      this.#intents.add(partition, intents);
      for (const gap of gaps) inbox.push({ kind: "gap", partition, ...gap });
      bus.start(partition.number, partition.positions);
    }
    observe({ kind: "partitions", owned: [...this.#owned.keys()], refused: this.#refused });
  }

  /** The store says that another process owns them: forget them, and ask the group. */
  #lose(partitions: readonly Partition[]): void {
    const unexpected = partitions.filter(({ lost }) => !lost);
    this.#drop(partitions);
    if (unexpected.length === 0) return;
    this.#parts.observe({ kind: "lost", partitions: unexpected.map(({ number }) => number) });
    this.#parts.bus.reassign();
  }

  #drop(partitions: readonly Partition[]): void {
    if (partitions.length === 0) return;
    for (const partition of partitions) {
      partition.lost = true;
      if (this.#owned.get(partition.number) === partition) this.#owned.delete(partition.number);
    }
    this.#parts.inbox.drop(({ partition }) => partition.lost);
    this.#intents.dropLost();
    this.#deadlines.dropLost();
  }

  #balance(): void {
    const { bus, limits } = this.#parts;
    if (this.#stopping) return;
    const shared = Math.max(this.#intents.size / limits.intentsMax, this.#publisher.size / limits.unpublishedMax);
    balance(bus, this.#owned.values(), shared, limits);
  }
}
