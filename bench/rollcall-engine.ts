import { startProgram } from "../test/blackbox/program.ts";
import { environmentOf, type ServiceAddresses } from "../test/real/services/service-addresses.ts";
import { waitUntil } from "../test/real/services/wait-until.ts";
import type { RunningEngine } from "./measure-engine.ts";
import { assertFlooded, flood, type Neighbourhood, writeNeighbours } from "./neighbours.ts";

export interface MeasuredDomain {
  /** As `--module` names it. */
  readonly module: string;
  readonly domain: string;
  /** The namespace. */
  readonly runId: string;
  readonly partitions: number;
  /** Other domains in its process. */
  readonly neighbourhood?: Neighbourhood | undefined;
  /** The built command: this checkout's by default. */
  readonly rollcall?: string | undefined;
}

/** `rollcall start`. */
export async function startRollcall(
  services: ServiceAddresses,
  { module, domain, runId, partitions, neighbourhood, rollcall }: MeasuredDomain,
): Promise<RunningEngine> {
  const neighbours = neighbourhood && writeNeighbours(neighbourhood);
  const modules = [module, ...(neighbours?.files ?? [])].flatMap((file) => ["--module", file]);
  const program = await startProgram({
    command: ["start", ...modules],
    rollcall,
    nodeFlags: process.env["BENCH_NODE_FLAGS"]?.split(" ") ?? [],
    environment: {
      ...environmentOf(services),
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
    settled: () => settled(program.url, domain),
    ...(isFlooded && { verify: () => assertFlooded(program.url) }),
  };
}

/** Entities may have ended, and what backends hold of them is still being removed. */
const settled = (url: string, domain: string): Promise<void> =>
  waitUntil(
    async () => {
      const metrics = await (await fetch(new URL("/metrics", url))).text();
      const underWay = metrics
        .split("\n")
        .filter((line) => /^rollcall_(waiting_messages|intents_pending|unpublished_messages)\{.*\} [1-9]/.test(line))
        .filter((line) => line.includes(`domain="${domain}"`));
      if (underWay.length > 0) throw new Error(underWay.join(", "));
    },
    { what: "an idle engine", timeoutMs: 120_000 },
  ).catch(async (error: unknown) => {
    throw new Error(`${String(error)}; ${await findings(url)}`);
  });

async function findings(url: string): Promise<string> {
  const { checks } = (await (await fetch(new URL("/api/v1/doctor", url))).json()) as { checks: { level: string }[] };
  return JSON.stringify(checks.filter(({ level }) => level !== "ok"));
}
