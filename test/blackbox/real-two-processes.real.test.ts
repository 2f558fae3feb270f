import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { describeReal } from "../real/services/describe-real.ts";
import { waitUntil } from "../real/services/wait-until.ts";
import { contractsCopy, deadlinesOf } from "./registration/contracts-copy.ts";
import { RealWorld } from "./registration/real-world.ts";
import { expectPromisesKept } from "./registration/settled.ts";
import { getJson } from "./world.ts";

const ROLLCALL = fileURLToPath(new URL("../../dist/app/rollcall.js", import.meta.url));
/** `ROLLCALL_TEST_NODES=500 ROLLCALL_TEST_RATE=50` for a larger crowd. */
const NODES = Number(process.env["ROLLCALL_TEST_NODES"] ?? 120);
const RATE = Number(process.env["ROLLCALL_TEST_RATE"] ?? 20);
/** Kafka takes a killed member's partitions away after its session of 30 s. */
const FOR_SECONDS = Math.ceil(NODES / RATE) + 40;
const TEST_MS = (FOR_SECONDS + 120) * 1_000;

interface Summary {
  readonly active: number;
  readonly neverActive: readonly string[];
  readonly messagesFailed: number;
}
interface Ready {
  readonly parts: { readonly partitions: { readonly owned: number; readonly of: number } };
}

/** `rollcall simulate` against Kafka, as an operator runs it. */
function simulate(world: RealWorld): Promise<Summary> {
  const { KAFKA_BOOTSTRAP_SERVERS: kafka = "", ROLLCALL_NAMESPACE: namespace = "" } = world.environment;
  const size = ["--nodes", String(NODES), "--rate", String(RATE), "--for", `${FOR_SECONDS}s`];
  const args = [ROLLCALL, "simulate", ...size, "--kafka", kafka, "--namespace", namespace, "--json"];
  return new Promise((resolve, reject) =>
    execFile(process.execPath, args, { timeout: TEST_MS }, (error, stdout, stderr) =>
      stdout === "" ? reject(error ?? new Error(stderr)) : resolve(JSON.parse(stdout) as Summary),
    ),
  );
}

describeReal("two processes on the same Kafka and Postgres", (services) => {
  it(
    `share the partitions, and ${NODES} nodes at ${RATE}/s become ACTIVE though one is killed in the middle`,
    async () => {
      // Nodes are judged after the simulation is over: they must not expire meanwhile.
      const contracts = contractsCopy(...deadlinesOf("30s", "10m"));
      const world = await RealWorld.create(services, { contractsDir: contracts.dir });
      try {
        await world.start();
        const owned = async (): Promise<readonly number[]> => {
          const answers = world.programs.map(({ url }) => getJson<Ready>(`${url}/health/ready`));
          return (await Promise.all(answers)).map((ready) => ready?.parts.partitions.owned ?? 0);
        };
        await waitUntil(async () => expect(await owned()).toEqual([2, 2]), {
          what: "both processes with their share",
          timeoutMs: 30_000,
        });
        const simulation = simulate(world);
        await waitUntil(async () => expect((await world.evidence()).records.length).toBeGreaterThan(NODES / 3), {
          what: "the middle of the simulation",
          timeoutMs: 60_000,
        });
        await world.kill(world.programs[0]);
        const { records } = await world.evidence();
        expect(records.filter(({ value }) => value.includes('"NodeBecameActive"')).length).toBeLessThan(NODES);
        const summary = await simulation;
        expect(summary).toMatchObject({ neverActive: [], active: NODES });

        await expectPromisesKept(world);
        const { registrations, services: catalog, rows } = await world.evidence();
        expect(registrations.filter(({ state }) => state === "ACTIVE")).toHaveLength(NODES);
        expect(catalog.filter(({ passing }) => passing)).toHaveLength(NODES);
        expect(rows?.filter(({ status }) => status === "ACTIVE")).toHaveLength(NODES);
      } finally {
        await world.close();
        contracts.remove();
      }
    },
    TEST_MS,
  );
});
