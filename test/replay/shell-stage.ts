import { resolveStartupContracts } from "../../app/host/contracts-in-force.ts";
import type { ExportedLine } from "../../app/journal/exported-line.ts";
import { readStoredJournal } from "../../app/journal/stored-journal.ts";
import { readConfig } from "../../app/host/config.ts";
import { EmbeddedBroker } from "../../runtime/adapters/embedded-bus/embedded-broker.ts";
import { EmbeddedBus } from "../../runtime/adapters/embedded-bus/embedded-bus.ts";
import { compileDomain } from "../../runtime/contract/compile/compile-domain.ts";
import { validateDomain } from "../../runtime/contract/checks/validate.ts";
import type { Effect, Outcome } from "../../runtime/core/effect.ts";
import { Fault } from "../../runtime/core/fault.ts";
import { derivedId } from "../../runtime/core/ids.ts";
import type { Intent } from "../../runtime/core/intent.ts";
import { partitionOf } from "../../runtime/core/murmur2.ts";
import { toRfc3339 } from "../../runtime/core/time.ts";
import type { Domain, DomainCode } from "../../runtime/core/domain.ts";
import type { OutgoingMessage } from "../../runtime/ports/event-bus.ts";
import type { Sql, Store } from "../../runtime/ports/store.ts";
import { Runtime } from "../../runtime/shell/runtime.ts";
import { ManualClock } from "../manual-clock.ts";

const PARTITIONS = 2;
/** Short enough that the service monitor, which asks for the log's ends once a second, is never late. */
export const STRIDE_MS = 250;

export interface Sent {
  /** The message's id is derived from it: the same label gives the same message. */
  readonly id?: string;
  readonly correlation?: string;
  /** By how much the sender's clock is off, ms. */
  readonly skewMs?: number;
  readonly partition?: number;
}

/** The fault of a backend for an intent; undefined: it succeeds. */
export type Behaviour = (intent: Intent) => { code: string; retryable: boolean } | "hangs" | undefined;

const idOf = (label: string): string => derivedId("label", label);

/** A domain as it is staged. */
export interface StagedDomain {
  /** The folder of its contracts. */
  readonly contracts: string;
  /** Its code, with effects on the stage's store and clock. */
  codeOn(store: Store, clock: ManualClock): DomainCode;
}

/** The real shell on PGlite, with a bus, a clock and backends that the test controls. */
export class ShellStage {
  readonly clock = new ManualClock();
  readonly store: Store;
  behaviour: Behaviour = () => undefined;
  isPublishingHeld = false;
  readonly #staged: StagedDomain;
  #runtime: Runtime | undefined;
  #domain: Domain | undefined;
  #bus: EmbeddedBus | undefined;
  #busy = 0;
  #sent = 0;
  #held: (() => void)[] = [];

  protected constructor(store: Store, domain: StagedDomain) {
    this.store = store;
    this.#staged = domain;
  }

  get bus(): EmbeddedBus {
    return this.#bus as EmbeddedBus;
  }

  get domain(): Domain {
    return this.#domain as Domain;
  }

  async start(contractsDir: string = this.#staged.contracts): Promise<void> {
    const store = this.#counted();
    const code = this.#staged.codeOn(store, this.clock);
    const effects = Object.fromEntries(
      Object.entries(code.effects).map(([name, effect]) => [name, this.#told(effect)]),
    );
    const { model, diagnostics } = validateDomain(contractsDir, { ...code, effects });
    if (!model) throw new Error(diagnostics.map(({ message }) => message).join("; "));
    this.#domain = compileDomain(model, { env: "dev", namespace: "" });
    await resolveStartupContracts(
      store,
      { model, domain: this.#domain },
      { directory: contractsDir, code, names: { env: "dev", namespace: "" } },
      { isShared: false, by: "the stage", warn: () => {} },
    );
    const broker = new EmbeddedBroker({ store, clock: this.clock });
    this.#bus = new EmbeddedBus({ broker, domain: this.#domain.name });
    const publish = this.#bus.publish.bind(this.#bus);
    this.#bus.publish = async (...given: Parameters<EmbeddedBus["publish"]>) => {
      if (this.isPublishingHeld) await new Promise<void>((resolve) => this.#held.push(resolve));
      return publish(...given);
    };
    this.#runtime = new Runtime({
      ...{ domain: this.#domain, bus: this.#bus, store, clock: this.clock, owner: `stage-${this.clock.monotonicMs()}` },
      partitions: PARTITIONS,
      onFatal: (error) => {
        throw error;
      },
    });
    await this.#runtime.start();
    await this.pass(STRIDE_MS);
  }

  async stop(): Promise<void> {
    const stopped = this.#runtime?.stop();
    for (let ended = false; !ended;) {
      void stopped?.then(() => (ended = true));
      this.clock.pass(10);
      await quietly();
    }
  }

  /** Lets time pass, with everything that becomes due in it. */
  async pass(ms: number): Promise<void> {
    await this.#quiet();
    for (let left = ms; left > 0; left -= STRIDE_MS) {
      this.clock.pass(Math.min(left, STRIDE_MS));
      await this.#quiet();
    }
  }

  publishAgain(): Promise<void> {
    this.isPublishingHeld = false;
    for (const go of this.#held.splice(0)) go();
    return this.#quiet();
  }

  /** Publishes an envelope, as a client does. */
  async send(type: string, payload: Readonly<Record<string, unknown>>, sent: Sent = {}): Promise<void> {
    const { id = `message ${++this.#sent}`, correlation, skewMs = 0, partition } = sent;
    const envelope = {
      envelope_id: idOf(id),
      envelope_timestamp: toRfc3339(this.clock.wallMs() + skewMs),
      ...(correlation !== undefined && { correlation_id: idOf(correlation) }),
      payload_type: type,
      payload,
    };
    await this.raw(type, JSON.stringify(envelope), {
      key: String(payload[this.domain.entityIdField]),
      ...(partition !== undefined && { partition }),
    });
  }

  async raw(
    type: string,
    value: string | Uint8Array,
    {
      key,
      partition = partitionOf(key, PARTITIONS),
      headers = {},
    }: { key: string; partition?: number; headers?: OutgoingMessage["headers"] },
  ): Promise<void> {
    const topic = this.domain.consumed.find((consumed) => consumed.type === type)?.topic ?? "";
    const held = this.isPublishingHeld;
    this.isPublishingHeld = false;
    await this.#bus?.publish([{ topic, partition, key: Buffer.from(key), value: Buffer.from(value), headers }], {
      timeoutMs: 5_000,
    });
    this.isPublishingHeld = held;
    await this.#quiet();
  }

  async states(): Promise<Record<string, string | null>> {
    const rows = await this.store.query<{ entity_id: string; state: string | null }>(
      `select entity_id, state from rollcall.entity order by entity_id`,
    );
    return Object.fromEntries(rows.map(({ entity_id, state }) => [entity_id, state]));
  }

  /** The journal as it is exported, at the stage's time. */
  async journal(): Promise<ExportedLine[]> {
    const lines: ExportedLine[] = [];
    for await (const line of readStoredJournal(this.store, this.domain.name, readConfig({}), {}))
      lines.push(line.line === "journal" ? { ...line, read_at: toRfc3339(this.clock.wallMs()) } : line);
    return lines;
  }

  #told(effect: Effect): Effect {
    return {
      ...effect,
      faults: effect.faults,
      run: async (intents, context) => {
        const told = intents.map((intent) => this.behaviour(intent));
        if (told.includes("hangs")) return new Promise<readonly Outcome[]>(() => {});
        const left = intents.filter((_, index) => told[index] === undefined);
        const done = left.length > 0 ? [...(await effect.run(left, context))] : [];
        return told.map((how) =>
          how === undefined || how === "hangs"
            ? (done.shift() as Outcome)
            : { done: false, fault: new Fault(how.code, `told to: ${how.code}`, { retryable: how.retryable }) },
        );
      },
    };
  }

  /** The store with the stage's time, and a count of its running statements. */
  #counted(): Store {
    const counted = async <Result>(work: Promise<Result>): Promise<Result> => {
      this.#busy++;
      return work.finally(() => this.#busy--);
    };
    const { store } = this;
    return {
      kind: store.kind,
      query: <Row>(...given: Parameters<Sql["query"]>) => counted(this.#timed(store).query<Row>(...given)),
      transaction: (work) => counted(store.transaction((tx) => work(this.#timed(tx)))),
      script: (tx, text) => store.script(tx, text),
      version: () => store.version(),
      close: () => store.close(),
    };
  }

  /** The machine's time would differ between recordings. */
  #timed(sql: Sql): Sql {
    const now = (): string => `'${toRfc3339(this.clock.wallMs())}'::timestamptz`;
    return {
      query: <Row>(text: string, values?: Parameters<Sql["query"]>[1]) =>
        sql.query<Row>(text.replaceAll(/\b(now|clock_timestamp)\(\)/g, now), values),
    };
  }

  /**
   * Waits until nothing changes any more. A cursor alone may wait for the next turn, so the inbox need not be empty.
   */
  async #quiet(): Promise<void> {
    for (let calm = 0, last = ""; calm < 20;) {
      await quietly();
      const { waiting, unpublished, intents } = this.#runtime?.status() ?? {};
      const now = `${this.#busy} ${waiting} ${unpublished} ${intents}`;
      calm = this.#busy > 0 || now !== last ? 0 : calm + 1;
      last = now;
    }
  }
}

const quietly = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
