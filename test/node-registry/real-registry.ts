import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type ContractsCopy, copyContracts, type Edit } from "../blackbox/contracts-copy.ts";
import type { Program } from "../blackbox/program.ts";
import { type RealOptions, RealSystem, type StartOptions } from "../blackbox/real-system.ts";
import type { PublicDomain } from "../blackbox/topics.ts";
import { freePorts } from "../real/services/free-ports.ts";
import { type FreshDatabase, freshDatabase } from "../real/services/fresh-database.ts";
import type { ServiceAddresses } from "../real/services/service-addresses.ts";
import { waitUntil } from "../real/services/wait-until.ts";

const SHIPPED = fileURLToPath(new URL("../../contracts/node-registry", import.meta.url));
const DOOR_MS = 30_000;

const NODE_REGISTRY: PublicDomain = {
  name: "node_registry",
  idField: "node_id",
  attemptField: "attempt_id",
  inputs: { RegisterNode: "cmd", NodeHeartbeat: "beat" },
  outputs: ["evt"],
  deadLetters: "dlq",
  topicIn: (namespace, name) => `dev.${namespace}.node-registry.${name}.v1`,
};

/** What a log or an answer would be recognised by. */
const tokenOf = (name: string): string => `canary-of-${name}-0123456789abcdef`;
/** `fleet` speaks for every node whose id begins with `node-`. */
export const TOKENS = { operator: tokenOf("olga"), reader: tokenOf("rita"), fleet: tokenOf("fleet") } as const;
export type Caller = keyof typeof TOKENS;
const LINES: Readonly<Record<Caller, string>> = {
  operator: `operator olga ${TOKENS.operator}`,
  reader: `reader rita ${TOKENS.reader}`,
  fleet: `node node-* ${TOKENS.fleet}`,
};

export interface Asked<Body = Readonly<Record<string, unknown>>> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}
interface Question {
  readonly as?: Caller;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Asks at an address for JSON. */
export async function ask<Body = Asked["body"]>(
  method: string,
  url: string,
  { as = "operator", body, headers = {}, signal }: Question = {},
): Promise<Asked<Body>> {
  const response = await fetch(url, {
    method,
    headers: {
      authorization: `Bearer ${TOKENS[as]}`,
      ...(body && { "content-type": "application/json" }),
      ...headers,
    },
    ...(body && { body: JSON.stringify(body) }),
    ...(signal && { signal }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: (text === "" ? {} : JSON.parse(text)) as Body };
}

interface RegistryOptions {
  readonly leaseSeconds: number;
  readonly partitions?: number;
  readonly edits?: readonly Edit[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** Two processes of the built program that serve one registry, on Kafka and Postgres, each at a port of its own. */
export class RealRegistry extends RealSystem {
  readonly #contracts: ContractsCopy;
  readonly #folder: string;
  /** Of `rollcall`, that starts a process of it. */
  readonly command: readonly string[];
  /** Of the registry's ports, by process. */
  readonly doors: readonly [string, string];
  /** The one that was started last at each port. */
  readonly processes: Program[] = [];

  private constructor(
    services: ServiceAddresses,
    options: RealOptions,
    database: FreshDatabase,
    own: { readonly contracts: ContractsCopy; readonly folder: string; readonly ports: readonly [number, number] },
  ) {
    super(NODE_REGISTRY, services, options, database);
    this.#contracts = own.contracts;
    this.#folder = own.folder;
    this.command = ["start", "--module", "node_registry", "--contracts", own.contracts.dir];
    this.doors = [`http://127.0.0.1:${own.ports[0]}`, `http://127.0.0.1:${own.ports[1]}`];
  }

  static async open(
    services: ServiceAddresses,
    { leaseSeconds, partitions = 4, edits = [], environment }: RegistryOptions,
  ): Promise<RealRegistry> {
    const contracts = copyContracts(SHIPPED, [
      ["orchestrator", "after: 90s", `after: ${leaseSeconds}s`],
      ["orchestrator", "renewed_for: 90s", `renewed_for: ${leaseSeconds}s`],
      // All nodes of a test are one caller.
      ["http", "max: 6000", "max: 1000000"],
      ...edits,
    ]);
    const folder = mkdtempSync(join(tmpdir(), "rollcall-registry-"));
    const { first, second } = await freePorts(["first", "second"]);
    const options: RealOptions = {
      partitions,
      first: { ROLLCALL_LISTENERS: `node_registry=${first}` },
      environment: {
        // A killed process is missed as soon as Kafka allows.
        ...{ KAFKA_SESSION_TIMEOUT_MS: "6000", ROLLCALL_HTTP_RATE_MAX: "1000000", ROLLCALL_LOG_LEVEL: "info" },
        // Where a test asks for it.
        CONSUL_HTTP_ADDR: "",
        ...{ ROLLCALL_DOMAIN_PARTITIONS: "node_profile=1", ROLLCALL_API_TOKENS_FILE: join(folder, "tokens") },
        ...environment,
      },
    };
    const own = { contracts, folder, ports: [first, second] as const };
    const registry = new RealRegistry(services, options, await freshDatabase(services.database), own);
    registry.writeTokens();
    await registry.open();
    await registry.startAt(1);
    return registry;
  }

  override async start(more: Readonly<Record<string, string>> = {}, options: StartOptions = {}): Promise<Program> {
    const program = await super.start(more, { command: this.command, ...options });
    const nth = this.doors.findIndex((door) => more["ROLLCALL_LISTENERS"]?.endsWith(`=${new URL(door).port}`));
    this.processes[nth] = program;
    await waitUntil(() => assertOpen(this.doors[nth] ?? ""), { what: "the registry's port", timeoutMs: DOOR_MS });
    return program;
  }

  /** For the first time, or again. */
  startAt(nth: 0 | 1, more: Readonly<Record<string, string>> = {}): Promise<Program> {
    return this.start({ ROLLCALL_LISTENERS: `node_registry=${new URL(this.doors[nth]).port}`, ...more });
  }

  /** What the processes are told at their next start, or reload. */
  writeTokens(callers: readonly Caller[] = ["operator", "reader", "fleet"]): void {
    writeFileSync(join(this.#folder, "tokens"), callers.map((each) => `${LINES[each]}\n`).join(""));
  }

  /** For the next reload. */
  edit(change: Parameters<ContractsCopy["edit"]>[0]): void {
    this.#contracts.edit(change);
  }

  /** At the host's own port of the process that was started last, as an operator. */
  atHost<Body>(method: string, path: string): Promise<Asked<Body>> {
    return ask<Body>(method, this.url + path);
  }

  /** The same at a process that is named by its port. */
  atHostOf<Body>(nth: 0 | 1, method: string, path: string): Promise<Asked<Body>> {
    return ask<Body>(method, `${this.processes[nth]?.url}${path}`);
  }

  override async close(): Promise<void> {
    await super.close();
    this.#contracts.remove();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function assertOpen(door: string): Promise<void> {
  const { status, body } = await ask("GET", `${door}/health`);
  if (status !== 200) throw new Error(JSON.stringify(body));
}
