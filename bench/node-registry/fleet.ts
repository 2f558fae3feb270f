import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { Fleet } from "../../test/node-registry/fleet.ts";
import { RealRegistry } from "../../test/node-registry/real-registry.ts";
import { fallSilent } from "../../test/node-registry/silence.ts";
import type { ServiceAddresses } from "../../test/real/services/service-addresses.ts";
import { up } from "../../test/real/services/services.ts";
import { failure } from "../failure.ts";
import { latencyOf } from "../measure.ts";

const HELP = `npm run bench:fleet -- [options]
Nodes beat over HTTP at two processes of the registry, on Kafka and Postgres, while its whole list is read again and
again. Three in ten fall silent at once, one process is killed with -9 in that moment and started again, and an operator
lets the silent ones expire.
  --nodes N     default 1000
  --lease N     seconds; a node beats after a third of it (default 30)
  --json FILE   write the figures as JSON too
Exits 1 when a node that beat was ever listed as offline, or one that was silent is not in the end.
`;
const { values: options } = parseArgs({
  options: {
    nodes: { type: "string", default: "1000" },
    lease: { type: "string", default: "30" },
    json: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

async function measure(services: ServiceAddresses): Promise<Readonly<Record<string, unknown>>> {
  const [size, leaseSeconds] = [Number(options.nodes), Number(options.lease)];
  const registry = await RealRegistry.open(services, { leaseSeconds, partitions: 12 });
  const fleet = new Fleet({ size, beatMs: (leaseSeconds * 1_000) / 3, doors: registry.doors });
  try {
    const beganMs = performance.now();
    await fleet.begin();
    const begunMs = performance.now() - beganMs;
    const run = await fallSilent(registry, fleet, leaseSeconds * 1_000);
    const offline = run.silent.filter((id) => {
      const { status, silent } = run.atTheEnd.get(id) ?? {};
      return status === "offline" && silent?.since !== undefined && silent.why !== "";
    });
    return {
      ...{ nodes: size, leaseSeconds, silent: run.silent.length, silentAndOffline: offline.length },
      ...{ beating: run.beating.length, beatingAndSeenOffline: [...run.wronged.keys()] },
      registeredPerSecond: Math.round(size / (fleet.registeredMs / 1_000)),
      allBeatenSeconds: inSeconds(begunMs),
      beats: Object.fromEntries(fleet.answers),
      beatMs: latencyOf(fleet.tookMs),
      lists: run.watch.tookMs.length,
      listMs: latencyOf(run.watch.tookMs),
      ...{ untilHeldSeconds: inSeconds(run.untilHeldMs), untilBackSeconds: inSeconds(run.untilBackMs) },
      untilOfflineSeconds: inSeconds(run.untilOfflineMs),
    };
  } finally {
    await fleet.end();
    await registry.close();
  }
}

const inSeconds = (ms: number): number => Math.round(ms / 100) / 10;

async function main(): Promise<void> {
  const services = await up({ keep: false });
  try {
    const figures = await measure(services.addresses);
    const text = JSON.stringify(figures, null, 2);
    process.stdout.write(`${text}\n`);
    if (options.json !== undefined) writeFileSync(options.json, `${text}\n`);
    const { silent, silentAndOffline, beatingAndSeenOffline } = figures;
    if (silent !== silentAndOffline || (beatingAndSeenOffline as readonly string[]).length > 0) process.exitCode = 1;
  } finally {
    await services.release();
  }
}

if (options.help) process.stdout.write(HELP);
else await main().catch(failure("bench:fleet"));
