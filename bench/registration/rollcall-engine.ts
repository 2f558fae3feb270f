import { startProgram } from "../../test/blackbox/program.ts";
import type { ServiceAddresses } from "../../test/real/services/service-addresses.ts";
import { waitUntil } from "../../test/real/services/wait-until.ts";
import { assertFlooded, flood, type Neighbourhood, writeNeighbours } from "../neighbours.ts";
import type { Given, RunningEngine } from "./peers/peers.ts";

/** `rollcall start`, with other domains in its process if wanted. */
export async function startRollcall(
  { runId, database }: Given,
  services: ServiceAddresses,
  partitions: number,
  neighbourhood?: Neighbourhood,
): Promise<RunningEngine> {
  const neighbours = neighbourhood && writeNeighbours(neighbourhood);
  const modules = neighbours?.files.flatMap((file) => ["--module", file]) ?? [];
  const program = await startProgram({
    command: ["start", "--module", "registration", ...modules],
    nodeFlags: process.env["BENCH_NODE_FLAGS"]?.split(" ") ?? [],
    environment: {
      KAFKA_BOOTSTRAP_SERVERS: services.kafka,
      DATABASE_URL: database,
      CONSUL_HTTP_ADDR: services.consul,
      ROLLCALL_NAMESPACE: runId,
      ROLLCALL_PARTITIONS: String(partitions),
      ROLLCALL_LOG_LEVEL: "error",
    },
  });
  const isFlooded = neighbourhood === "flooded";
  if (isFlooded) await flood(services.kafka, runId);
  return {
    stop: async () => {
      await program.stop();
      neighbours?.remove();
    },
    pids: [program.pid],
    settled: () => settled(program.url),
    ...(isFlooded && { verify: () => assertFlooded(program.url) }),
  };
}

const UNDER_WAY =
  /^rollcall_(waiting_messages|intents_pending|unpublished_messages)\{[^}]*domain="registration"[^}]*\} [1-9].*/gm;

/** The nodes have deregistered; their services and rows are still being removed. */
const settled = (url: string): Promise<void> =>
  waitUntil(
    async () => {
      const metrics = await (await fetch(new URL("/metrics", url))).text();
      const underWay = metrics.match(UNDER_WAY);
      if (underWay) throw new Error(underWay.join(", "));
    },
    { what: "an idle engine", timeoutMs: 120_000 },
  ).catch(async (error: unknown) => {
    throw new Error(`${String(error)}; ${await findings(url)}`);
  });

async function findings(url: string): Promise<string> {
  const { checks } = (await (await fetch(new URL("/api/v1/doctor", url))).json()) as { checks: { level: string }[] };
  return JSON.stringify(checks.filter(({ level }) => level !== "ok"));
}
