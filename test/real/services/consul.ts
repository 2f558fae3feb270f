import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { consulProgram } from "./consul-download.ts";
import type { Service } from "./instance.ts";

export interface ConsulPorts {
  readonly consul: number;
  readonly consulServer: number;
  readonly consulSerf: number;
}

/** A server of one, not `-dev`: that mode keeps nothing over a restart. */
export function consulServer(dir: string, ports: ConsulPorts): Service {
  const dataDir = join(dir, "consul");
  return {
    name: "consul",
    dataDir,
    stopSignal: "SIGTERM",
    answers: () => consulAnswers(`http://127.0.0.1:${ports.consul}`),
    prepare: async () => void (await mkdir(dataDir, { recursive: true })),
    command: () => ({
      program: consulProgram,
      args: [
        ...["agent", "-server", "-bootstrap-expect=1", "-node=rollcall", `-data-dir=${dataDir}`],
        ...["-bind=127.0.0.1", "-client=127.0.0.1", `-http-port=${ports.consul}`, `-server-port=${ports.consulServer}`],
        ...[`-serf-lan-port=${ports.consulSerf}`, "-serf-wan-port=-1", "-grpc-port=-1", "-dns-port=-1"],
        // No check for newer versions; and a leader is elected in one second instead of five.
        "-hcl=disable_update_check=true performance { raft_multiplier = 1 }",
      ],
      logFile: join(dir, "consul.log"),
    }),
  };
}

export async function consulAnswers(address: string): Promise<void> {
  const signal = AbortSignal.timeout(2_000);
  const leader = await fetch(`${address}/v1/status/leader`, { signal });
  if (!leader.ok || (await leader.json()) === "") throw new Error("no leader yet");
  // A leader is named before it has caught up with its own log; until then it refuses consistent reads.
  const nodes = await fetch(`${address}/v1/catalog/nodes?consistent`, { signal });
  await nodes.arrayBuffer();
  if (!nodes.ok) throw new Error("the leader is not ready yet");
}
