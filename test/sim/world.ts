import { createHash } from "node:crypto";
import type { ShellEvent } from "../../runtime/shell/shell-event.ts";
import { Broker, type LogRecord } from "./broker.ts";
import { EntitiesCheck } from "./checks/entities.ts";
import type { Breach, Evidence, Outage } from "./checks/evidence.ts";
import { IntakeCheck } from "./checks/intake.ts";
import { LogCheck } from "./checks/log.ts";
import { checkAtRest } from "./checks/rest.ts";
import { VersionsCheck } from "./checks/versions.ts";
import { Consul } from "./consul.ts";
import { Database } from "./database.ts";
import { INPUT, PERIOD_MS, SCHEMAS } from "./domain.ts";
import type { Machine } from "./machine.ts";
import { type Habits, SimNode } from "./node.ts";
import { type Ports, Process } from "./process.ts";
import { Random } from "./random.ts";
import { Scheduler } from "./scheduler.ts";
import type { Change } from "./sql/tables.ts";
import { type ServiceName, type Trouble, Network } from "./network.ts";

/** A planted defect, which a check is meant to find: changed ports, or changed SQL. */
export interface Plant {
  readonly ports?: (ports: Ports, machine: Machine, world: World) => Ports;
  readonly sql?: (text: string) => string;
}
export interface WorldOptions {
  readonly seed: number;
  readonly plant?: Plant;
  /** Fills `story`, a log of what happened, for people. */
  readonly keepsStory?: boolean;
}

const CHECK_EVERY_MS = 500;
/** After a fault everything has to be in time again after so long. */
const SETTLE_MS = 6_000;
/** A paused client's sessions at the database live so long. */
const DATABASE_SESSION_MS = 30_000;

/** A simulated world around the real shell: everything in it comes from one seed. */
export class World {
  readonly scheduler = new Scheduler();
  readonly random: Random;
  readonly network: Network;
  readonly broker: Broker;
  readonly database: Database;
  readonly consul: Consul;
  readonly nodes: readonly SimNode[];
  /** Empty unless `keepsStory`. */
  readonly story: string[] = [];
  readonly counts: Record<string, number> = {};
  breach: Breach | undefined;
  readonly #options: WorldOptions;
  readonly #hash = createHash("sha1");
  #processes: Process[] = [];
  #processesWanted: number;
  /** How many processes were started: it numbers them. */
  #startCount = 0;
  /** No faults any more: the history ends. */
  #isCalm = false;
  /** From when on no fault excuses that something is late. */
  #quietFromMs = SETTLE_MS;
  readonly #outages: Outage[] = [];
  readonly #checks: {
    readonly intake: IntakeCheck;
    readonly entities: EntitiesCheck;
    readonly log: LogCheck;
    readonly versions: VersionsCheck;
  };
  #latenessCheckedAtMs = 0;

  constructor(options: WorldOptions) {
    this.#options = options;
    const random = new Random(options.seed, 1);
    this.random = random;
    this.network = new Network(this.scheduler, random);
    this.broker = new Broker(this.network, random.int(1, 3), random.int(6, 10) * 1_000);
    this.database = new Database(SCHEMAS, this.network);
    if (options.plant?.sql) this.database.rewrite = options.plant.sql;
    this.consul = new Consul(this.network);
    this.#processesWanted = random.int(1, 2);
    const evidence: Evidence = {
      broker: this.broker,
      database: this.database,
      consul: this.consul,
      outages: this.#outages,
      quietFromMs: () => this.#quietFromMs,
      nowMs: () => this.scheduler.nowMs,
      report: (promise, what) => (this.breach ??= { promise, what }),
    };
    const intake = new IntakeCheck(evidence);
    const entities = new EntitiesCheck(evidence, intake);
    const log = new LogCheck(evidence);
    this.#checks = { intake, entities, log, versions: new VersionsCheck(evidence) };
    this.#evidence = evidence;
    this.broker.read((record) => this.#onAppended(record));
    this.broker.onRebalance = () => this.#postponeQuiet(SETTLE_MS);
    this.database.onCommit = (changes) => this.#onCommitted(changes);
    this.consul.onApplied = ({ kind, serviceId, version }) =>
      kind === "register" && entities.applied(serviceId, version);
    this.broker.create(INPUT);
    this.nodes = Array.from({ length: random.int(3, 7) }, (_, i) => this.#newNode(`node-${i + 1}`));
    for (let i = 0; i < this.#processesWanted; i++) this.#startProcess(0);
  }
  readonly #evidence: Evidence;

  #newNode(id: string): SimNode {
    const { random } = this;
    const habits: Habits = {
      ack: random.weighted({ soon: 6, late: 2, never: 1, twice: 1, bare: 1, "by correlation": 1 }),
      hasEpoch: random.chance(0.5),
      statesTimes: random.chance(0.4),
      skewMs: random.chance(0.3) ? (random.next() - 0.5) * 120_000 : 0,
      isRefused: random.chance(0.06),
    };
    return new SimNode(id, habits, this.broker, random, (text) => this.tell(text));
  }

  tell(text: string | (() => string)): void {
    if (!this.#options.keepsStory) return;
    const line = typeof text === "string" ? text : text();
    this.story.push(`${(this.scheduler.nowMs / 1_000).toFixed(3).padStart(9)} s  ${line}`);
  }
  count(what: string, by = 1): void {
    this.counts[what] = (this.counts[what] ?? 0) + by;
  }
  /** A hash of everything that was written, in order. Histories with equal hashes are the same. */
  get traceHash(): string {
    return this.#hash.copy().digest("hex");
  }
  get totals() {
    return { events: this.#checks.log.events, rebalances: this.broker.rebalances };
  }

  #onAppended(record: LogRecord): void {
    const { topic, partition, offset, value } = record;
    this.#hash.update(`${topic}/${partition}/${offset} ${this.scheduler.nowMs} `).update(value ?? "");
    this.#checks.intake.appended(record);
    this.#checks.entities.appended(record);
    this.#checks.log.appended(record);
    if (this.#options.keepsStory && !INPUT.includes(topic)) this.#tellOfEvent(record);
  }

  #tellOfEvent({ topic, key, value }: LogRecord): void {
    const seq = /"entity_seq":(\d+)/.exec(String(value))?.[1] ?? "";
    this.tell(`    log: ${topic.split(".").at(-2)} of ${String(key)} ${seq}`);
  }

  #onCommitted(changes: readonly Change[]): void {
    for (const { table, after } of changes)
      if (table.schema.name !== "partition_owner")
        this.#hash.update(`${table.schema.name} ${String(after?.["entity_id"] ?? after?.["next_offset"])}`);
    this.#checks.intake.committed(changes);
    this.#checks.entities.committed(changes);
    this.#checks.log.committed(changes);
    this.#checks.versions.committed(changes);
  }

  /** Called after every event of the scheduler. @throws Stopped when a promise was broken */
  readonly afterEach = (): void => {
    const now = this.scheduler.nowMs;
    if (!this.breach && now - this.#latenessCheckedAtMs >= CHECK_EVERY_MS) {
      this.#latenessCheckedAtMs = now;
      this.#checks.intake.checkLateness();
      this.#checks.entities.checkLateness();
    }
    if (this.breach) throw new Stopped();
  };

  async advanceTime(ms: number): Promise<void> {
    await this.scheduler.run(this.scheduler.nowMs + ms, this.afterEach);
  }

  /** A fault was caused: until `forMs` from now nothing counts as late. */
  #postponeQuiet(forMs: number): void {
    this.#quietFromMs = Math.max(this.#quietFromMs, this.scheduler.nowMs + forMs);
  }

  #startProcess(delayMs: number): void {
    if (this.#running.length === 0) this.#beginOutage("process", Number.POSITIVE_INFINITY);
    this.#postponeQuiet(delayMs + SETTLE_MS);
    this.scheduler.after(delayMs, () => {
      if (this.#processes.filter(({ machine }) => !machine.isDead).length >= this.#processesWanted) return;
      const wallOffsetMs = this.random.chance(0.1) && !this.#isCalm ? (this.random.next() - 0.5) * 1_200_000 : 0;
      const process = new Process(
        `p${++this.#startCount}`,
        {
          network: this.network,
          broker: this.broker,
          database: this.database,
          consul: this.consul,
          plant: (ports, machine) => this.#options.plant?.ports?.(ports, machine, this) ?? ports,
          contracts: this.#checks.versions.inForce,
          observe: (machine, event) => this.#onShellEvent(machine, event),
          superseded: (each) => this.#onSuperseded(each),
          failed: (machine, error) => this.#onFailed(machine, error),
        },
        wallOffsetMs,
      );
      this.tell(
        `${process.machine.name} ` +
          `starts${wallOffsetMs === 0 ? "" : ` with a clock that is ${Math.round(wallOffsetMs / 1_000)} s wrong`}`,
      );
      process.machine.whenDead(() => {
        this.tell(`${process.machine.name} is gone`);
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
      this.tell(() => `    ${machine.name}: ${JSON.stringify(event)}`);
    if (event.kind === "decision" && event.decision.result !== "renewed")
      this.tell(
        () =>
          `    ${machine.name}: ${event.message.type} of ${event.message.entityId}: ${event.decision.result}, ` +
          `${event.decision.reason}`,
      );
  }

  #onFailed(machine: Machine, error: unknown): void {
    if (machine.isDead) return;
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.breach ??= { promise: "C15", what: `${machine.name} can't go on: ${what}` };
  }
  /** It can only be the product's: no other code here leaves a promise unhandled. */
  onUnhandledRejection(error: unknown): void {
    this.breach ??= {
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
    this.tell(`${process.machine.name} is killed ${calls === 0 ? "now" : `after ${calls} more calls`}`);
    if (calls === 0) process.machine.kill();
    else process.machine.killAtCall(calls);
    this.#postponeQuiet(downMs + SETTLE_MS + this.broker.sessionTimeoutMs);
  }

  restart(random: Random, downMs: number): void {
    const process = this.#running[random.int(0, Math.max(0, this.#running.length - 1))];
    if (!process) return;
    this.#restartMs = downMs;
    this.tell(`${process.machine.name} is asked to stop`);
    this.#postponeQuiet(20_000);
    process.stop(() => this.#postponeQuiet(downMs + SETTLE_MS));
  }

  changeContracts(random: Random): void {
    const process = this.#running[random.int(0, Math.max(0, this.#running.length - 1))];
    if (!process) return;
    const hash = `contracts-${++this.#contractsCount}`;
    this.tell(`${process.machine.name} is asked for the ${hash}`);
    this.#postponeQuiet(20_000);
    process.putContractsInForce(hash);
  }
  #contractsCount = 0;

  #onSuperseded(process: Process): void {
    this.tell(`${process.machine.name} is superseded`);
    this.count("superseded");
    this.#postponeQuiet(20_000);
    process.stop(() => this.#postponeQuiet(SETTLE_MS));
  }

  /** The process stops for a while, and goes on without knowing it. */
  zombie(random: Random, ms: number): void {
    const process = this.#running[random.int(0, Math.max(0, this.#running.length - 1))];
    if (!process) return;
    const { machine } = process;
    machine.pause();
    this.tell(`${machine.name} is paused for ${Math.round(ms)} ms`);
    if (this.#running.length === 0) this.#beginOutage("process", ms);
    this.broker.endSessionLater(machine);
    this.#postponeQuiet(ms + SETTLE_MS + this.broker.sessionTimeoutMs);
    // A database server ends the sessions of a client that it has not heard of for so long.
    this.scheduler.after(DATABASE_SESSION_MS, () => !machine.isRunning && this.database.sever(machine));
    this.scheduler.after(ms, () => this.#wake(machine));
  }

  #wake(machine: Machine): void {
    if (machine.isRunning || machine.isDead) return;
    this.tell(`${machine.name} resumes`);
    machine.wake();
    this.#endOutage("process");
    this.broker.checkSession(machine);
    this.#postponeQuiet(SETTLE_MS);
  }

  scale(processes: number): void {
    this.#processesWanted = processes;
    this.tell(`${processes} processes are wanted`);
    const surplus = this.#running.slice(processes);
    if (this.#running.length < processes) this.#startProcess(0);
    for (const process of surplus) process.stop(() => this.#postponeQuiet(SETTLE_MS));
    this.#postponeQuiet(20_000);
  }

  rebalance(): void {
    this.tell("the group is rebalanced");
    this.broker.rebalance();
  }

  /** Something is wrong with a service for a while. */
  trouble(place: ServiceName, what: Partial<Trouble>, ms: number): void {
    const { trouble } = this.network;
    this.tell(`${place}: ${JSON.stringify(what)} for ${Math.round(ms)} ms`);
    Object.assign(trouble[place], what);
    if (what.down && place === "store") this.database.sever();
    if (what.down && place !== "registry") this.#beginOutage(place, ms);
    this.#postponeQuiet(ms + SETTLE_MS + (what.slowMs ?? 0) * 4 + (what.fetchMs ?? 0));
    this.scheduler.after(ms, () => {
      for (const key of Object.keys(what) as (keyof Trouble)[])
        if (key === "down")
          trouble[place].down = this.#outages.some(({ of, toMs }) => of === place && toMs > this.scheduler.nowMs);
        else trouble[place][key] = 0;
    });
  }

  stepClock(random: Random, ms: number): void {
    const process = this.#running[random.int(0, Math.max(0, this.#running.length - 1))];
    if (!process) return;
    process.machine.wallOffsetMs += ms;
    this.tell(`${process.machine.name}'s clock is set by ${ms} ms`);
  }

  /** @param share of the nodes, in (0, 1] */
  massSilence(share: number): void {
    this.tell(`${share * 100} % of the nodes fall silent`);
    for (const node of this.nodes) if (this.random.chance(share)) node.isSilent = true;
  }

  /** No more faults, and no messages but heartbeats: in little more than a minute nothing may be left to do. */
  async comeToRest(): Promise<void> {
    this.tell("--- calm ---");
    this.#isCalm = true;
    this.network.clear();
    for (const outage of this.#outages) outage.toMs = Math.min(outage.toMs, this.scheduler.nowMs);
    this.#restartMs = 0;
    for (const { machine } of this.#processes) this.#wake(machine);
    if (this.#processes.filter(({ machine }) => !machine.isDead).length === 0) this.#startProcess(0);
    this.#postponeQuiet(SETTLE_MS);
    await this.advanceTime(PERIOD_MS + PERIOD_MS + 15_000);
    checkAtRest(this.#evidence, this.#checks.entities);
    this.#checks.log.atRest();
    if (this.breach) throw new Stopped();
  }
}

/** Ends a history in which a promise was broken: the world's `breach` says which. */
export class Stopped extends Error {}
