import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { RealWorld } from "../../blackbox/registration/real-world.ts";
import type { Load, LoadOptions, LoadSummary } from "../fault-domain.ts";

const ROLLCALL = fileURLToPath(new URL("../../../dist/app/rollcall.js", import.meta.url));

const LONGEST = "1h";

/** `rollcall simulate` over Kafka: nodes register, and send heartbeats until it is ended, as Ctrl-C does. */
export function startLoad(world: RealWorld, { entities, rate, seed = 1, silent = 0 }: LoadOptions): Load {
  const { KAFKA_BOOTSTRAP_SERVERS: kafka = "", ROLLCALL_NAMESPACE: namespace = "" } = world.environment;
  const who = ["--nodes", entities, "--rate", rate, "--seed", seed, "--silent", silent, "--for", LONGEST].map(String);
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
    entities,
    async end() {
      child.kill("SIGINT");
      await ended;
      if (out === "") throw new Error(`the simulation says nothing: ${err.slice(-2_000)}`);
      return JSON.parse(out) as LoadSummary;
    },
    kill: () => void child.kill("SIGKILL"),
  };
}
