import { createHash } from "node:crypto";
import type { JournalLine } from "../../runtime/core/journal.ts";
import { DEFAULT_LIMITS } from "../../runtime/shell/limits.ts";
import type { ShellEvent } from "../../runtime/shell/shell-event.ts";
import { linesOf, type TurnRow } from "../../runtime/stored/read-lines.ts";
import { Broker, type LogRecord } from "./broker.ts";
import { AnswersCheck } from "./checks/answers.ts";
import { ChainsCheck } from "./checks/chains.ts";
import { EntitiesCheck } from "./checks/entities.ts";
import type { Violation, ObservedSystem, Outage } from "./checks/observed-system.ts";
import { InputCheck } from "./checks/input.ts";
import { IntentsCheck } from "./checks/intents.ts";
import { LogCheck } from "./checks/log.ts";
import { PurgesCheck } from "./checks/purges.ts";
import { VersionsCheck } from "./checks/versions.ts";
import { SimCatalog } from "./catalog.ts";
import { Database } from "./database.ts";
import { Callers } from "./following/callers.ts";
import { NoticeBoard } from "./following/sim-notices.ts";
import type { Machine } from "./machine.ts";
import { type Ports, Process } from "./process.ts";
import { Random } from "./random.ts";
import { Scheduler } from "./scheduler.ts";
import type { DomainChecks, Population, SimulatedDomain } from "./simulated-domain.ts";
import type { Change } from "./sql/tables.ts";
import { viewsInUse } from "./projections.ts";
import { type ServiceFaults, type ServiceName, Network } from "./network.ts";

/** A defect for a check to find, by which the tests prove that the check works: changed ports, or changed SQL. */
export interface PlantedDefect {
  readonly ports?: (ports: Ports, machine: Machine, system: SimulatedSystem) => Ports;
  readonly sql?: (text: string) => string;
}
export interface SimulatedSystemOptions {
  readonly domain: SimulatedDomain;
  readonly seed: number;
  readonly defect?: PlantedDefect;
  /** Whether `transcript` describes what happens, for people. */
  readonly keepsTranscript?: boolean;
}

const CHECK_EVERY_MS = 500;
/** After a fault has ended, lateness is excused for this much longer. */
const SETTLE_MS = 6_000;
/** The database ends a paused client's sessions after this long. */
const DATABASE_SESSION_MS = 30_000;

/** The real shell on simulated services and clocks, with simulated senders. One seed determines all that happens. */
export class SimulatedSystem {
  readonly scheduler = new Scheduler();
  readonly random: Random;
  readonly network: Network;
  readonly broker: Broker;
  readonly database: Database;
  readonly catalog: SimCatalog;
  readonly notices: NoticeBoard;
  readonly population: Population;
  /** Empty unless `keepsTranscript`. */
  readonly transcript: string[] = [];
  readonly counts: Record<string, number> = {};
  violation: Violation | undefined;
  readonly #options: SimulatedSystemOptions;
  readonly #hash = createHash("sha1");
  #processes: Process[] = [];
  #processesWanted: number;
  /** Of the newest code; and of each process that was started, by its name. */
  #newestStateVersion = 1;
  readonly #stateVersions = new Map<string, number>();
  /** Of projections: the newest that were asked for. */
  #viewsWanted = 1;
  /** In some histories turns are planned ahead however little is waiting. */
  readonly #planAheadMessagesMin: number;
  /** How many processes were started: it numbers them. */
  #startCount = 0;
  /** From the last step of the history on. */
  #hasFaultsEnded = false;
  /** Until then a fault excuses that something is late. */
  #latenessExcusedUntilMs = SETTLE_MS;
  readonly #outages: Outage[] = [];
  /** Faults may overlap: the last of them brings the service back. */
  readonly #downUntilMs: Record<ServiceName, number> = { bus: 0, store: 0, registry: 0 };
  readonly #checks: {
    readonly input: InputCheck;
    readonly chains: ChainsCheck;
    readonly entities: EntitiesCheck;
    readonly intents: IntentsCheck;
    readonly log: LogCheck;
    readonly answers: AnswersCheck;
    readonly purges: PurgesCheck;
    readonly versions: VersionsCheck;
    readonly domain: DomainChecks;
  };
  #latenessCheckedAtMs = 0;

  constructor(options: SimulatedSystemOptions) {
    this.#options = options;
    const { domain } = options;
    const random = new Random(options.seed, 1);
    this.random = random;
    this.network = new Network(this.scheduler, random);
    this.broker = new Broker(this.network, random.int(1, 3), random.int(6, 10) * 1_000);
    this.database = new Database(domain.schemas, this.network);
    if (options.defect?.sql) this.database.rewrite = options.defect.sql;
    this.catalog = new SimCatalog(this.network, domain.name);
    this.notices = new NoticeBoard(this.network);
    this.#processesWanted = random.int(1, 2);
    this.#planAheadMessagesMin = random.pick([1, DEFAULT_LIMITS.planAheadMessagesMin]);
    const observed: ObservedSystem = {
      broker: this.broker,
      database: this.database,
      catalog: this.catalog,
      domain,
      outages: this.#outages,
      latenessExcusedUntilMs: () => this.#latenessExcusedUntilMs,
      nowMs: () => this.scheduler.nowMs,
      stateVersionOf: (owner) => this.#stateVersions.get(nameOf(owner)),
      brokerTimeOf: (owner) => this.#running.find(({ machine }) => machine.name === nameOf(owner))?.brokerTimeMs,
      report: (promise, what) => (this.violation ??= { promise, what }),
    };
    const checks = domain.checks(observed);
    const input = new InputCheck(observed);
    const intents = new IntentsCheck(observed);
    const log = new LogCheck(observed);
    const answers = new AnswersCheck(observed, input);
    this.#checks = {
      answers,
      input,
      chains: new ChainsCheck(observed, intents),
      entities: new EntitiesCheck(observed, input, checks),
      intents,
      log,
      purges: new PurgesCheck(observed, intents, log, checks),
      versions: new VersionsCheck(observed),
      domain: checks,
    };
    this.broker.read((record) => this.#onAppended(record));
    this.broker.onRebalance = () => this.#excuseLatenessFor(SETTLE_MS);
    this.database.onCommit = (changes) => this.#onCommitted(changes);
    this.broker.create(domain.inputs);
    const callers = new Callers({
      ...{ answers, random: new Random(options.seed, 4), unjournaled: domain.unjournaled },
      processes: () => this.#processes,
      addToTranscript: (text) => this.addToTranscript(text),
    });
    this.broker.onSend = (sent) => callers.send(sent);
    this.population = domain.populate(this);
    for (let i = 0; i < this.#processesWanted; i++) this.#startProcess(0);
  }

  addToTranscript(text: string | (() => string)): void {
    if (!this.#options.keepsTranscript) return;
    const line = typeof text === "string" ? text : text();
    this.transcript.push(`${(this.scheduler.nowMs / 1_000).toFixed(3).padStart(9)} s  ${line}`);
  }
  count(what: string, by = 1): void {
    this.counts[what] = (this.counts[what] ?? 0) + by;
  }
  /** A hash of everything that was written, in order. Histories with equal hashes are the same. */
  get traceHash(): string {
    return this.#hash.copy().digest("hex");
  }
  get totals() {
    const { answers, log, intents, chains, purges } = this.#checks;
    const { events } = log;
    const { followed, ends: followEnds } = answers;
    const { purged, reborn } = purges;
    const { rebalances } = this.broker;
    return { events, parked: intents.parked, daysBegun: chains.days, rebalances, purged, reborn, followed, followEnds };
  }

  #onAppended(record: LogRecord): void {
    const { topic, partition, offset, value } = record;
    this.#hash.update(`${topic}/${partition}/${offset} ${this.scheduler.nowMs} `).update(value ?? "");
    this.#checks.input.onAppended(record);
    this.#checks.domain.onAppended(record);
    this.#checks.log.onAppended(record);
    if (this.#options.keepsTranscript && !this.#options.domain.inputs.includes(topic)) this.#transcribeEvent(record);
  }

  #transcribeEvent({ topic, key, value }: LogRecord): void {
    const seq = /"entity_seq":(\d+)/.exec(String(value))?.[1] ?? "";
    this.addToTranscript(`    log: ${topic.split(".").at(-2)} of ${String(key)} ${seq}`);
  }

  #onCommitted(changes: readonly Change[]): void {
    for (const { table, after } of changes)
      if (table.schema.name !== "partition_owner")
        this.#hash.update(
          `${table.schema.name} ${String(after?.["lines"] ?? after?.["entity_id"] ?? after?.["next_offset"])}`,
        );
    for (const { table, before, after } of changes)
      if (table.schema.name === "projection" && before?.["version"] !== after?.["version"]) this.count("views in use");
    const committed = { changes, lines: this.#linesOf(changes) };
    const { answers, input, chains, purges, entities, intents, domain, log, versions } = this.#checks;
    for (const check of [input, answers, chains, purges, entities, intents, domain, log, versions])
      check.onCommitted(committed);
  }

  #linesOf(changes: readonly Change[]): readonly JournalLine[] {
    try {
      return changes.flatMap(({ table, after }) =>
        table.schema.name === "turn" && after ? linesOf(this.#options.domain.name, after as object as TurnRow) : [],
      );
    } catch (error) {
      this.violation ??= { promise: "G13", what: `a row of the journal can't be read: ${String(error)}` };
      return [];
    }
  }

  /** Called after every event of the scheduler. @throws Stopped when a promise is broken */
  readonly afterEach = (): void => {
    const now = this.scheduler.nowMs;
    if (!this.violation && now - this.#latenessCheckedAtMs >= CHECK_EVERY_MS) {
      this.#latenessCheckedAtMs = now;
      this.#checks.input.checkLateness();
      this.#checks.entities.checkLateness();
      this.#checks.intents.checkLateness();
      this.#checks.answers.checkLateness();
    }
    if (this.violation) throw new Stopped();
  };

  async advanceTime(ms: number): Promise<void> {
    await this.scheduler.run(this.scheduler.nowMs + ms, this.afterEach);
  }

  /** A fault was caused: for so long nothing counts as late. */
  #excuseLatenessFor(forMs: number): void {
    this.#latenessExcusedUntilMs = Math.max(this.#latenessExcusedUntilMs, this.scheduler.nowMs + forMs);
  }

  #startProcess(delayMs: number): void {
    if (this.#running.length === 0) this.#beginOutage("process", Number.POSITIVE_INFINITY);
    this.#excuseLatenessFor(delayMs + SETTLE_MS);
    this.scheduler.after(delayMs, () => {
      if (this.#processes.filter(({ machine }) => !machine.isDead).length >= this.#processesWanted) return;
      const wallOffsetMs =
        this.random.chance(0.1) && !this.#hasFaultsEnded ? (this.random.next() - 0.5) * 1_200_000 : 0;
      const name = `p${++this.#startCount}`;
      const stateVersion = this.#chooseStateVersion();
      this.#stateVersions.set(name, stateVersion);
      const process = new Process(
        name,
        {
          network: this.network,
          broker: this.broker,
          database: this.database,
          catalog: this.catalog,
          notices: this.notices,
          domain: this.#options.domain,
          plantDefect: (ports, machine) => this.#options.defect?.ports?.(ports, machine, this) ?? ports,
          planAheadMessagesMin: this.#planAheadMessagesMin,
          inForce: this.#checks.versions.inForce,
          stateVersion,
          views: this.#chooseViews(),
          observe: (machine, event) => this.#onShellEvent(machine, event),
          superseded: (each) => this.#onSuperseded(each),
          failed: (machine, error) => this.#onFailed(machine, error),
        },
        wallOffsetMs,
      );
      this.addToTranscript(
        `${process.machine.name} ` +
          `starts${wallOffsetMs === 0 ? "" : ` with a clock that is ${Math.round(wallOffsetMs / 1_000)} s wrong`}`,
      );
      process.machine.whenDead(() => {
        this.addToTranscript(`${process.machine.name} is gone`);
        if (this.#running.length === 0) this.#beginOutage("process", Number.POSITIVE_INFINITY);
        this.#startProcess(this.#restartMs);
      });
      this.#processes = [...this.#processes.filter(({ machine }) => !machine.isDead), process];
      this.#endOutage("process");
      process.start();
    });
  }
  #restartMs = 1_000;

  get #running(): readonly Process[] {
    return this.#processes.filter(({ machine }) => machine.isRunning);
  }

  #onShellEvent(machine: Machine, event: ShellEvent): void {
    if (event.kind === "partitions_lost") this.count("fenced");
    if (
      event.kind === "deadline_fired" ||
      event.kind === "recovered" ||
      event.kind === "partitions_lost" ||
      event.kind === "partitions_owned" ||
      event.kind === "unreachable"
    )
      this.addToTranscript(() => `    ${machine.name}: ${JSON.stringify(event)}`);
    if (event.kind === "decision" && event.decision.result !== "renewed")
      this.addToTranscript(
        () =>
          `    ${machine.name}: ${event.message.type} of ${event.message.entityId}: ${event.decision.result}, ` +
          `${event.decision.reason}`,
      );
  }

  #onFailed(machine: Machine, error: unknown): void {
    if (machine.isDead) return;
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.violation ??= { promise: "C15", what: `${machine.name} can't go on: ${what}` };
  }
  /** It is a defect of the product: no code of the simulation leaves a promise unhandled. */
  onUnhandledRejection(error: unknown): void {
    this.violation ??= {
      promise: "C15",
      what: `an unhandled rejection: ${error instanceof Error ? error.stack : String(error)}`,
    };
  }

  #beginOutage(of: Outage["of"], forMs: number): void {
    const now = this.scheduler.nowMs;
    const ongoing = this.#outages.find((outage) => outage.of === of && outage.toMs >= now);
    if (ongoing) (ongoing as { toMs: number }).toMs = Math.max(ongoing.toMs, now + forMs);
    else this.#outages.push({ of, fromMs: now, toMs: now + forMs });
  }
  #endOutage(of: Outage["of"]): void {
    const now = this.scheduler.nowMs;
    for (const outage of this.#outages) if (outage.of === of && outage.toMs > now) outage.toMs = now;
  }

  /** @param calls how many more calls to its ports the process makes before it is killed; 0: it is killed now */
  crash(random: Random, calls: number, downMs: number): void {
    const process = this.#running[random.int(0, Math.max(0, this.#running.length - 1))];
    if (!process) return;
    this.#restartMs = downMs;
    this.addToTranscript(`${process.machine.name} is killed ${calls === 0 ? "now" : `after ${calls} more calls`}`);
    if (calls === 0) process.machine.kill();
    else process.machine.killAtCall(calls);
    this.#excuseLatenessFor(downMs + SETTLE_MS + this.broker.sessionTimeoutMs);
  }

  restart(random: Random, downMs: number): void {
    const process = this.#running[random.int(0, Math.max(0, this.#running.length - 1))];
    if (!process) return;
    this.#restartMs = downMs;
    this.addToTranscript(`${process.machine.name} is asked to stop`);
    this.#excuseLatenessFor(20_000);
    process.stop(() => this.#excuseLatenessFor(downMs + SETTLE_MS));
  }

  /** A machine may have older code for a while; in the end each has the newest. */
  #chooseStateVersion(): number {
    const isOld = this.#newestStateVersion > 1 && !this.#hasFaultsEnded && this.random.chance(0.4);
    return isOld ? this.#newestStateVersion - 1 : this.#newestStateVersion;
  }

  /** One process is started anew, with newer code. */
  deployNewerCode(random: Random): void {
    this.#newestStateVersion++;
    this.addToTranscript(`the code has stateVersion ${this.#newestStateVersion} now`);
    this.restart(random, 0);
  }

  /** As `#chooseStateVersion`, for domains with projections. */
  #chooseViews(): number {
    if (!this.#options.domain.viewsOf || this.#viewsWanted === 1 || this.#hasFaultsEnded) return this.#viewsWanted;
    return this.random.chance(0.15) ? this.#viewsWanted - 1 : this.#viewsWanted;
  }

  /** A version of the projections higher than all before: by a reload, or with a process that starts beside others. */
  changeViews(random: Random, versionMax: number): void {
    const process = this.#running[random.int(0, Math.max(0, this.#running.length - 1))];
    if (!process || this.#viewsWanted === versionMax) return;
    const version = ++this.#viewsWanted;
    this.addToTranscript(`${process.machine.name} is asked for the projections ${version}`);
    this.count("views changed");
    this.#excuseLatenessFor(20_000);
    if (random.chance(0.6)) process.changeViews(version);
    else this.restart(random, 0);
  }

  changeContracts(random: Random): void {
    const process = this.#running[random.int(0, Math.max(0, this.#running.length - 1))];
    if (!process) return;
    const hash = `contracts-${++this.#contractsCount}`;
    this.addToTranscript(`${process.machine.name} is asked for the ${hash}`);
    this.#excuseLatenessFor(20_000);
    process.putContractsInForce(hash);
  }
  #contractsCount = 0;

  #onSuperseded(process: Process): void {
    this.addToTranscript(`${process.machine.name} is superseded`);
    this.count("superseded");
    this.#excuseLatenessFor(20_000);
    const inForce = this.#checks.versions.inForce ?? process.inForce;
    const views = viewsInUse(this.database) ?? this.#viewsWanted;
    const mayReload = inForce !== undefined || this.#options.domain.viewsOf !== undefined;
    if (mayReload && this.random.chance(0.5) && process.reload(inForce, views)) return this.count("reloaded");
    process.stop(() => this.#excuseLatenessFor(SETTLE_MS));
  }

  /** The process stops for a while, and goes on without noticing that. */
  pauseProcess(random: Random, ms: number): void {
    const process = this.#running[random.int(0, Math.max(0, this.#running.length - 1))];
    if (!process) return;
    const { machine } = process;
    machine.pause();
    this.addToTranscript(`${machine.name} is paused for ${Math.round(ms)} ms`);
    if (this.#running.length === 0) this.#beginOutage("process", ms);
    this.broker.endSessionLater(machine);
    this.#excuseLatenessFor(ms + SETTLE_MS + this.broker.sessionTimeoutMs);
    this.scheduler.after(DATABASE_SESSION_MS, () => !machine.isRunning && this.database.sever(machine));
    this.scheduler.after(ms, () => this.#wake(machine));
  }

  #wake(machine: Machine): void {
    if (machine.isRunning || machine.isDead) return;
    this.addToTranscript(`${machine.name} resumes`);
    machine.wake();
    this.#endOutage("process");
    this.broker.checkSession(machine);
    this.#excuseLatenessFor(SETTLE_MS);
  }

  scale(processes: number): void {
    this.#processesWanted = processes;
    this.addToTranscript(`${processes} processes are wanted`);
    const surplus = this.#running.slice(processes);
    if (this.#running.length < processes) this.#startProcess(0);
    for (const process of surplus) process.stop(() => this.#excuseLatenessFor(SETTLE_MS));
    this.#excuseLatenessFor(20_000);
  }

  rebalance(): void {
    this.addToTranscript("the group is rebalanced");
    this.broker.rebalance();
  }

  causeFault(service: ServiceName, fault: Partial<ServiceFaults>, ms: number): void {
    const { faults } = this.network;
    this.addToTranscript(`${service}: ${JSON.stringify(fault)} for ${Math.round(ms)} ms`);
    Object.assign(faults[service], fault);
    if (fault.down) this.#downUntilMs[service] = Math.max(this.#downUntilMs[service], this.scheduler.nowMs + ms);
    if (fault.down && service === "store") this.database.sever();
    if (fault.down && service !== "registry") this.#beginOutage(service, ms);
    // A backend holds up nothing but its own intents.
    if (service !== "registry")
      this.#excuseLatenessFor(ms + SETTLE_MS + (fault.extraDelayMaxMs ?? 0) * 4 + (fault.fetchDelayMaxMs ?? 0));
    this.scheduler.after(ms, () => {
      for (const key of Object.keys(fault) as (keyof ServiceFaults)[])
        if (key === "down") faults[service].down = this.#downUntilMs[service] > this.scheduler.nowMs;
        else faults[service][key] = 0;
    });
  }

  /** What turns tell other processes is lost, or arrives late: an answer is late by that much at the most. */
  disturbNotices(fault: Partial<NoticeBoard["faults"]>, ms: number): void {
    this.addToTranscript(`notices: ${JSON.stringify(fault)} for ${Math.round(ms)} ms`);
    Object.assign(this.notices.faults, fault);
    this.scheduler.after(ms, () => {
      for (const key of Object.keys(fault) as (keyof typeof fault)[]) this.notices.faults[key] = 0;
    });
  }

  stepClock(random: Random, ms: number): void {
    const process = this.#running[random.int(0, Math.max(0, this.#running.length - 1))];
    if (!process) return;
    process.machine.wallOffsetMs += ms;
    this.addToTranscript(`${process.machine.name}'s clock is set by ${ms} ms`);
  }

  /** @param share of the senders, in (0, 1] */
  massSilence(share: number): void {
    this.addToTranscript(`${share * 100} % of the senders stop`);
    this.population.fallSilent(share);
  }

  /** Ends all faults and all actions. In little more than a minute nothing may be left to do. */
  async settle(): Promise<void> {
    this.addToTranscript("--- no more faults ---");
    this.#hasFaultsEnded = true;
    this.network.endFaults();
    Object.assign(this.notices.faults, { lost: 0, lateMaxMs: 0 });
    for (const service of ["bus", "store", "registry"] as const) this.#downUntilMs[service] = 0;
    for (const outage of this.#outages) outage.toMs = Math.min(outage.toMs, this.scheduler.nowMs);
    this.#restartMs = 0;
    for (const { machine } of this.#processes) this.#wake(machine);
    if (this.#processes.filter(({ machine }) => !machine.isDead).length === 0) this.#startProcess(0);
    this.#excuseLatenessFor(SETTLE_MS);
    await this.advanceTime(2 * this.#options.domain.periodMs + 15_000);
    this.#checks.intents.atRest();
    this.#checks.purges.atRest();
    this.#checks.domain.atRest();
    this.#checks.log.atRest();
    this.#checks.answers.atRest();
    if (this.violation) throw new Stopped();
  }
}

/** A process that has changed its contracts is another owner, with the same code. */
const nameOf = (owner: string): string => owner.split(".")[0] ?? "";

/** Thrown to end a history in which a promise was broken: `violation` says which. */
export class Stopped extends Error {}
