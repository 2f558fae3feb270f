import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Kafka, logLevel, Partitioners } from "kafkajs";
import { writeTrialModule } from "../test/blackbox/trial-module.ts";

/** Domains beside the one that is measured, in its process. */
export type Neighbourhood = "idle" | "flooded";

const IDLE = 4;
/** More than are taken while the other domain is measured. */
const FLOOD = 300_000;
const FLOOD_IDS = 10_000;
const BATCH = 5_000;
const FLOODED = "flooded";

/** Writes the neighbours' modules into a folder of their own. */
export function writeNeighbours(kind: Neighbourhood): { readonly files: readonly string[]; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), "rollcall-neighbours-"));
  const names = kind === "idle" ? Array.from({ length: IDLE }, (_, index) => `idle_${index}`) : [FLOODED];
  return {
    files: names.map((name) => writeTrialModule(join(folder, name), name)),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Puts more messages into the flooded domain's topic than it can take meanwhile. */
export async function flood(brokers: string, runId: string): Promise<void> {
  const kafka = new Kafka({ brokers: brokers.split(","), logLevel: logLevel.NOTHING });
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  for (let sent = 0; sent < FLOOD; sent += BATCH) {
    const ids = Array.from({ length: BATCH }, (_, index) => `thing-${(sent + index) % FLOOD_IDS}`);
    const messages = ids.map((key) => ({ key, value: JSON.stringify({ thing_id: key }) }));
    await producer.send({ topic: `dev.${runId}.${FLOODED}.asked`, acks: 1, messages });
  }
  await producer.disconnect();
}

/** @throws Error when the flood was over before the measurement */
export async function assertFlooded(url: string): Promise<void> {
  const metrics = await (await fetch(new URL("/metrics", url))).text();
  const lag = /^rollcall_lag_messages\{[^}]*domain="flooded"[^}]*\} (\d+)/m.exec(metrics)?.[1];
  process.stderr.write(`messages of the flood that are still to be taken: ${lag}\n`);
  if (!(Number(lag) > 0)) throw new Error("the flood was over too soon: its domain was not flooded meanwhile");
}
