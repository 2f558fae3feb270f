import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ContractsCopy, copyContracts, type Edit } from "../blackbox/contracts-copy.ts";
import type { Program } from "../blackbox/program.ts";
import { RealSystem } from "../blackbox/real-system.ts";
import type { PublicDomain } from "../blackbox/topics.ts";
import { freePorts } from "../real/services/free-ports.ts";
import { type FreshDatabase, freshDatabase } from "../real/services/fresh-database.ts";
import type { ServiceAddresses } from "../real/services/service-addresses.ts";
import { waitUntil } from "../real/services/wait-until.ts";
import { ROOT } from "../tidy/sources.ts";

const FLOW_NODE: PublicDomain = {
  name: "flow_node",
  idField: "node",
  attemptField: "attempt_id",
  inputs: { ConnectNode: "cmd", NodeBeat: "beat" },
  outputs: ["evt"],
  deadLetters: "dlq",
  topicIn: (namespace, name) => `dev.${namespace}.flow-node.${name}.v1`,
};
const OPERATOR = "canary-of-olga-0123456789abcdef";

interface Own {
  readonly contracts: ContractsCopy;
  readonly folder: string;
  readonly ports: readonly number[];
}

/** Two processes of the built program that serve one registry, on Kafka and Postgres, each at a port of its own. */
export class RealFlowRegistry extends RealSystem {
  readonly #own: Own;
  /** The one that was started last at each port. */
  readonly processes: Program[] = [];

  private constructor(
    services: ServiceAddresses,
    database: FreshDatabase,
    own: Own,
    environment: Readonly<Record<string, string>>,
  ) {
    const options = { first: { ROLLCALL_LISTENERS: `flow_registry=${own.ports[0]}` }, environment };
    super(FLOW_NODE, services, options, database);
    this.#own = own;
  }

  static async open(
    services: ServiceAddresses,
    edits: readonly Edit[],
    more: Readonly<Record<string, string>> = {},
  ): Promise<RealFlowRegistry> {
    const { first, second } = await freePorts(["first", "second"]);
    const folder = mkdtempSync(join(tmpdir(), "rollcall-flow-registry-"));
    const contracts = copyContracts(`${ROOT}/contracts/flow-node`, edits);
    writeFileSync(join(folder, "tokens"), `operator olga ${OPERATOR}\n`);
    const own = { contracts, folder, ports: [first, second] };
    const registry = new RealFlowRegistry(services, await freshDatabase(services.database), own, {
      ...{ KAFKA_SESSION_TIMEOUT_MS: "6000", ROLLCALL_LOG_LEVEL: "info", ROLLCALL_HTTP_RATE_MAX: "1000000" },
      ...{ ROLLCALL_API_TOKENS_FILE: join(folder, "tokens"), ...more },
    });
    await registry.open();
    await registry.startAt(1);
    return registry;
  }

  override async start(more: Readonly<Record<string, string>> = {}): Promise<Program> {
    const command = ["start", "--module", "flow_nodes", "--contracts", this.#own.contracts.dir];
    const program = await super.start(more, { command });
    const nth = this.#own.ports.findIndex((port) => more["ROLLCALL_LISTENERS"]?.endsWith(`=${port}`));
    this.processes[nth] = program;
    await waitUntil(() => this.ask(nth, "GET", "/nodes"), { what: "the registry's port", timeoutMs: 30_000 });
    return program;
  }

  /** For the first time, or again. */
  startAt(nth: 0 | 1): Promise<Program> {
    return this.start({ ROLLCALL_LISTENERS: `flow_registry=${this.#own.ports[nth]}` });
  }

  /** At the process of the nth port. @throws Error for anything but success */
  async ask<Body>(nth: number, method: string, path: string, body?: object): Promise<Body> {
    const response = await fetch(`http://127.0.0.1:${this.#own.ports[nth]}${path}`, {
      method,
      headers: { authorization: `Bearer ${OPERATOR}`, ...(body && { "content-type": "application/json" }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (response.headers.get("content-type")?.startsWith("text/") ? text : JSON.parse(text)) as Body;
  }

  override async close(): Promise<void> {
    await super.close();
    this.#own.contracts.remove();
    rmSync(this.#own.folder, { recursive: true, force: true });
  }
}
