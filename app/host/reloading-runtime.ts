import type { Diagnostic } from "../../runtime/contract/diagnostics/diagnostic.ts";
import { Fault } from "../../runtime/core/fault.ts";
import type { EventBus } from "../../runtime/ports/event-bus.ts";
import { backOffMs, sleep } from "../../runtime/shell/shell-context.ts";
import type { Runtime, RuntimeStatus } from "../../runtime/shell/runtime.ts";
import { topicsOf } from "../../runtime/shell/topics.ts";
import { contractInForce } from "../../runtime/stored/contract-sets.ts";
import {
  type CompiledContracts,
  haveSameComputes,
  haveSameGateways,
  InvalidContractsError,
  IncompatibleContractsError,
  loadStoredContracts,
  readContracts,
  refuseBetweenDomains,
  refuseOlderState,
  withGateways,
  withProjectionsInUse,
} from "./contracts-in-force.ts";
import { refuseOtherConfiguration } from "./configuration.ts";
import { putChangeInForce } from "./observed-change.ts";
import type { DomainFailure, RefusedChange, ReloadingOptions } from "./reloading-options.ts";
import { SharedBus } from "./shared-bus.ts";

/**
 * Runs the contracts in force, and changes to others as a restart would, but the process keeps running and stays in its
 * consumer group: the old runtime drains, and the new one takes over the stored state. Armed deadlines keep their time.
 */
export class ReloadingRuntime {
  readonly #options: ReloadingOptions;
  #contracts: CompiledContracts;
  #bus: SharedBus;
  #runtime: Runtime;
  #refusedChange: RefusedChange | null = null;
  #failure: DomainFailure | null = null;
  /** Since the failure. */
  #hasRestarted = false;
  /** Changes of contracts run one after another: each waits for the one before. */
  #pendingChange: Promise<unknown> = Promise.resolve();
  #stopping = false;
  /** Others are in force than those that the runtime has: what is under way to change them gives way. */
  #isSuperseded = false;
  /** 0 until the first runtime has prepared its topics. */
  #partitions = 0;

  constructor(options: ReloadingOptions) {
    this.#options = options;
    this.#contracts = options.contracts;
    this.#bus = new SharedBus(options.makeBus());
    this.#runtime = this.#createRuntime();
  }

  get contracts(): CompiledContracts {
    return this.#contracts;
  }

  /** The last requested contract change, if it was refused. */
  get refusedChange(): RefusedChange | null {
    return this.#refusedChange;
  }

  /** Null while the runtime runs: one that was started anew has its partitions. */
  get failure(): DomainFailure | null {
    if (this.#failure && this.#hasRestarted && this.status().isAssignmentSettled) this.#failure = null;
    return this.#failure;
  }

  status(): RuntimeStatus {
    const status = this.#runtime.status();
    // While a reload changes runtimes, messages are published all the same: their number of partitions stays.
    this.#partitions = status.partitions || this.#partitions;
    return { ...status, partitions: this.#partitions };
  }

  get brokerTimeMs(): number {
    return this.#runtime.brokerTimeMs;
  }

  /** As `Runtime.retryNow`. */
  retryNow(entityId: string): number {
    return this.#runtime.retryNow(entityId);
  }

  /** As `Runtime.triesOf`. */
  triesOf(entityId: string): ReturnType<Runtime["triesOf"]> {
    return this.#runtime.triesOf(entityId);
  }

  /** As `Runtime.notYetOf`. */
  notYetOf(entityId: string): ReturnType<Runtime["notYetOf"]> {
    return this.#runtime.notYetOf(entityId);
  }

  /** As `Runtime.endIntent`. */
  endIntent(intentId: string, why: string): ReturnType<Runtime["endIntent"]> {
    return this.#runtime.endIntent(intentId, why);
  }

  /** For code that publishes beside the runtime: it stays valid when a reload replaces the bus. */
  get bus(): Pick<EventBus, "publish" | "describe"> {
    return {
      publish: (messages, options) => this.#bus.bus.publish(messages, options),
      describe: (topics) => this.#bus.bus.describe(topics),
    };
  }

  /** @throws as `Runtime.start` */
  start(): Promise<void> {
    return this.#runtime.start();
  }

  /** After an error that ended the runtime: tries again for as long as it takes, with the contracts in force. */
  restart(error: unknown): Promise<void> {
    this.#recordFailure(error);
    return this.#enqueue(async () => {
      await this.#runtime.stop();
      await this.#bus.close();
      await sleep(this.#options.clock, backOffMs(Infinity));
      await this.#run();
    });
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#pendingChange;
    await this.#runtime.stop();
    await this.#bus.close();
  }

  /**
   * Puts the folder's contracts in force for every process, or changes nothing.
   * @param except the hash of contracts that stay as they are: others may have taken their place
   * @throws InvalidContractsError, IncompatibleContractsError: both are kept as `refusedChange`; Fault of the store
   */
  reload(by: string, except?: string): Promise<{ readonly hash: string; readonly changed: boolean }> {
    return this.#enqueue(async () => {
      try {
        const { source, hostModels } = this.#options;
        const next = readContracts(source, [source.code]);
        const others = hostModels().filter(({ set }) => set.domain !== source.code.domain);
        refuseBetweenDomains([...others, next.model], source.names);
        const { contractHash } = next.domain;
        const isSame = [except, this.#contracts.domain.contractHash].includes(contractHash);
        if (!isSame) await this.#prepareTopics(next);
        this.#isSuperseded = false;
        const unversionedChanges = await putChangeInForce(this.#options, {
          ...{ current: this.#contracts.domain, next, by, isSame },
          isCancelled: () => this.#stopping || this.#isSuperseded,
        });
        if (isSame && haveSameComputes(next, this.#contracts)) {
          this.#refusedChange = null;
          return { hash: contractHash, changed: this.#takeGateways(next, by) };
        }
        await this.#switchTo(isSame ? await this.#storedWith(next) : next, by, unversionedChanges);
        return { hash: contractHash, changed: true };
      } catch (error) {
        if (error instanceof InvalidContractsError) this.#recordRefusal(by, error.message, error.diagnostics);
        if (error instanceof IncompatibleContractsError) this.#recordRefusal(by, error.message);
        throw error;
      }
    });
  }

  /** The contracts that this process runs, with the projections and gateways of others. */
  #storedWith(base: CompiledContracts): CompiledContracts | Promise<CompiledContracts> {
    const { contractHash: hash } = this.#contracts.domain;
    if (base.domain.contractHash === hash) return base;
    return loadStoredContracts(this.#options.store, hash, this.#options.source, base);
  }

  /** No message is processed otherwise because of them: the runtime goes on. @returns whether they are others */
  #takeGateways(next: CompiledContracts, by: string): boolean {
    if (haveSameGateways(next, this.#contracts)) return false;
    this.#contracts = withGateways(this.#contracts, next, this.#options.source.code);
    this.#options.observe({ kind: "gateways_in_force", by });
    return true;
  }

  /** Before anything is changed: without their topics the new contracts would stop every process. */
  async #prepareTopics({ domain }: CompiledContracts): Promise<void> {
    const { partitions } = this.status();
    try {
      const prepared = await this.#bus.bus.prepare({ ...topicsOf(domain), partitions });
      if (prepared.partitions !== partitions)
        throw new IncompatibleContractsError([
          `their topics have ${prepared.partitions} partitions, the store knows ${partitions}`,
        ]);
    } catch (error) {
      if (error instanceof Fault && !error.retryable) throw new IncompatibleContractsError([error.message]);
      throw error;
    }
  }

  #createRuntime(): Runtime {
    const follow = (): void => {
      // A change of this process's own may have replaced it meanwhile.
      const isCurrent = (): boolean => this.#runtime === runtime;
      if (!isCurrent()) return;
      this.#isSuperseded = true;
      const adopt = async (): Promise<void> => void (isCurrent() && (await this.#adoptContractsInForce()));
      void this.#enqueue(adopt).catch(this.#options.onFatal);
    };
    const runtime = this.#options.makeRuntime(this.#contracts, this.#bus.lease(), follow);
    return runtime;
  }

  /** Another process put other contracts in force. Retries until it runs them, and serves nothing until then. */
  async #adoptContractsInForce(): Promise<void> {
    const { store, source, clock, folder } = this.#options;
    for (let failures = 0; !this.#stopping;) {
      try {
        const inForce = await contractInForce(store, source.code.domain);
        if (inForce) refuseOlderState(this.#contracts.domain, inForce);
        const base = await withProjectionsInUse(store, this.#contracts, source);
        // Those of before may be in force again after this process could not follow.
        if (base === this.#contracts && (!inForce || inForce.hash === base.domain.contractHash)) {
          if (failures === 0) await this.#runtime.stop();
          return await this.#run();
        }
        const next = inForce ? await loadStoredContracts(store, inForce.hash, source, base) : base;
        refuseOtherConfiguration(next, folder);
        return await this.#switchTo(next, inForce?.by ?? "another process", []);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        if (failures === 0) this.#recordRefusal("another process", reason);
        this.#recordFailure(error);
        // While it stays in the group, no other process is given its partitions.
        await this.#runtime.stop();
        await this.#bus.close();
        await sleep(clock, backOffMs(++failures));
      }
    }
  }

  /** The contracts are in force already, so this process retries for as long as it takes. */
  async #switchTo(next: CompiledContracts, by: string, unversionedChanges: readonly string[]): Promise<void> {
    await this.#runtime.stop();
    this.#contracts = next;
    this.#refusedChange = null;
    await this.#run();
    this.#options.observe({
      kind: "contracts_in_force",
      hash: next.domain.contractHash,
      by,
      filesWithoutNewVersion: unversionedChanges,
    });
  }

  /** The contracts are in force, so this process tries for as long as it takes. */
  async #run(): Promise<void> {
    for (let failures = 0; !this.#stopping;) {
      if (!this.#bus.canServe(topicsOf(this.#contracts.domain).input)) {
        await this.#bus.close();
        this.#bus = new SharedBus(this.#options.makeBus());
      }
      this.#runtime = this.#createRuntime();
      try {
        await this.#runtime.start();
        this.#hasRestarted = true;
        return;
      } catch (error) {
        await this.#runtime.stop();
        // One that no later try would mend ends the process, unless it serves other domains.
        if (!(error instanceof Fault && error.retryable) && this.#failure === null) return this.#options.onFatal(error);
        if (this.#failure) this.#recordFailure(error);
        await sleep(this.#options.clock, backOffMs(++failures));
      }
    }
  }

  #recordFailure(error: unknown): void {
    const { clock, observe } = this.#options;
    this.#failure = { atMs: this.failure?.atMs ?? clock.wallMs(), error };
    this.#hasRestarted = false;
    observe({ kind: "domain_failed", error: error instanceof Error ? error.message : String(error) });
  }

  #recordRefusal(by: string, reason: string, diagnostics: readonly Diagnostic[] = []): void {
    this.#refusedChange = { atMs: this.#options.clock.wallMs(), by, reason, diagnostics };
    this.#options.observe({ kind: "contracts_refused", by, reason });
  }

  #enqueue<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#pendingChange.then(work, work);
    this.#pendingChange = done.catch(() => {});
    return done;
  }
}
