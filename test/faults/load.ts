import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { RealWorld } from "../blackbox/real-world.ts";

const ROLLCALL = fileURLToPath(new URL("../../dist/app/rollcall.js", import.meta.url));

export interface LoadOptions {
  readonly nodes: number;
  /** New nodes a second. */
  readonly rate: number;
  readonly seed?: number;
  /** Share of nodes that send no heartbeats. */
  readonly silent?: number;
}

interface LoadSummary {
  readonly active: number;
  readonly expired: number;
  readonly timedOut: number;
  readonly rejected: number;
  readonly registeredAgain: number;
  readonly messagesSent: number;
  readonly messagesFailed: number;
  readonly neverActive: readonly string[];
}

/** `rollcall simulate` over Kafka: nodes register, and send heartbeats until it is ended. */
export interface Load {
  /** How many nodes it registers. */
  readonly nodes: number;
  /** Ends it as Ctrl-C does. @returns what happened to its nodes */
  end(): Promise<LoadSummary>;
  /** All of its nodes fall silent at once. */
  kill(): void;
}

const LONGEST = "1h";

export function startLoad(world: RealWorld, { nodes, rate, seed = 1, silent = 0 }: LoadOptions): Load {
  const { KAFKA_BOOTSTRAP_SERVERS: kafka = "", ROLLCALL_NAMESPACE: namespace = "" } = world.environment;
  const who = ["--nodes", nodes, "--rate", rate, "--seed", seed, "--silent", silent, "--for", LONGEST].map(String);
  const child = spawn(
    process.execPath,
    [ROLLCALL, "simulate", ...who, "--kafka", kafka, "--namespace", namespace, "--json"],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
  process.on("exit", () => child.kill("SIGKILL"));
  return {
    nodes,
    async end() {
      child.kill("SIGINT");
      await ended;
      if (out === "") throw new Error(`the simulation says nothing: ${err.slice(-2_000)}`);
      return JSON.parse(out) as LoadSummary;
    },
    kill: () => void child.kill("SIGKILL"),
  };
}
