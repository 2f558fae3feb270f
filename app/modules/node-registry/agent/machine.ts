import { execFileSync } from "node:child_process";
import { statfsSync } from "node:fs";
import {
  arch,
  availableParallelism,
  freemem,
  hostname,
  loadavg,
  networkInterfaces,
  platform,
  totalmem,
  uptime,
} from "node:os";

const MIB = 1024 * 1024;

export const ownHostname = (): string => hostname();

/** The first address that is not of the loopback, IPv4 before IPv6. Nothing outside is asked. */
export function ownIp(interfaces: ReturnType<typeof networkInterfaces> = networkInterfaces()): string {
  const outer = Object.values(interfaces).flatMap((addresses) => (addresses ?? []).filter(({ internal }) => !internal));
  // Of one link alone, so of no use to others.
  const useful = outer.filter(({ address }) => !address.startsWith("fe80:"));
  return (useful.find(({ family }) => family === "IPv4") ?? useful[0])?.address ?? "127.0.0.1";
}

/** What does not change while it runs: its registration would change each time. */
export function capabilities(): Readonly<Record<string, unknown>> {
  const { blocks, bsize } = statfsSync("/");
  return {
    platform: platform(),
    arch: arch(),
    cpu_count: availableParallelism(),
    memory_mib: Math.floor(totalmem() / MIB),
    disk_mib: Math.floor((blocks * bsize) / MIB),
    gpus: gpus(),
  };
}

const NVIDIA_SMI_MS = 5_000;

/** Empty where there is no nvidia-smi, or it finds none. */
function gpus(): readonly { readonly name: string; readonly memory_mib: number }[] {
  try {
    const query = ["--query-gpu=name,memory.total", "--format=csv,noheader,nounits"];
    const output = execFileSync("nvidia-smi", query, {
      timeout: NVIDIA_SMI_MS,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    return gpusIn(output);
  } catch {
    return [];
  }
}

export const gpusIn = (output: string): readonly { readonly name: string; readonly memory_mib: number }[] =>
  output.split("\n").flatMap((line) => {
    const [, name, memory] = /^(.+),\s*(\d+)\s*$/.exec(line) ?? [];
    return name === undefined ? [] : [{ name: name.trim(), memory_mib: Number(memory) }];
  });

/** For each beat. */
export const load = (): Readonly<Record<string, number>> => ({
  load_1m: loadavg()[0] ?? 0,
  memory_used_percent: Math.round(1_000 * (1 - freemem() / totalmem())) / 10,
  uptime_seconds: Math.floor(uptime()),
});
