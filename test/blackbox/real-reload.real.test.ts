import { expect, it } from "vitest";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describeReal } from "../real/services/describe-real.ts";
import { waitUntil } from "../real/services/wait-until.ts";
import { contractsCopy, deadlinesOf } from "./registration/contracts-copy.ts";
import { RealWorld } from "./registration/real-world.ts";
import { expectPromisesKept } from "./registration/settled.ts";
import { TestNode } from "./registration/test-node.ts";
import { getJson } from "./world.ts";

const RELOADS = 3;
const NODES_EACH = 25;

interface InForce {
  readonly hash: string;
  readonly refused: { readonly reason: string } | null;
  readonly processes: readonly { readonly hash: string; readonly partitions: number }[];
}

const inForce = (url: string): Promise<InForce | undefined> => getJson<InForce>(`${url}/api/v1/contracts/in-force`);

async function reload(url: string): Promise<{ readonly status: number; readonly body: { readonly hash: string } }> {
  const answer = await fetch(`${url}/api/v1/contracts/reload`, { method: "POST" });
  return { status: answer.status, body: (await answer.json()) as { hash: string } };
}

const registerNodes = (world: RealWorld, name: string): Promise<unknown> =>
  Promise.all(Array.from({ length: NODES_EACH }, (_, index) => new TestNode(world, `${name}-${index}`).becomeActive()));

function changeAckDeadline(file: string, seconds: number): void {
  const changed = readFileSync(file, "utf8").replace(/name: ack, after: \d+s/, `name: ack, after: ${seconds}s`);
  writeFileSync(file, changed);
}

const allUnder = (urls: readonly string[], hash: string): Promise<unknown> =>
  waitUntil(
    async () => {
      for (const url of urls) {
        const processes = (await inForce(url))?.processes ?? [];
        expect(processes.map((process) => process.hash)).toEqual([hash, hash]);
      }
    },
    { what: "both processes under the new contracts", timeoutMs: 60_000 },
  );

/** Within a partition the journal is in the order of the commits: never back to earlier contracts. */
async function expectInOrder(world: RealWorld, hashes: readonly (string | undefined)[]): Promise<void> {
  const rows = await world.query<{ partition: number; contract_hash: string }>(
    `select partition, contract_hash from rollcall.journal order by partition, seq`,
  );
  for (const partition of new Set(rows.map((row) => row.partition))) {
    const versions = rows.filter((row) => row.partition === partition).map((row) => hashes.indexOf(row.contract_hash));
    expect(versions).toEqual(versions.toSorted((a, b) => a - b));
    expect(versions).not.toContain(-1);
  }
}

describeReal("contracts that change under two processes on Kafka and Postgres", (services) => {
  it("are in force for both or for none, while nodes register", async () => {
    const contracts = contractsCopy(...deadlinesOf("30s", "10m"));
    const file = join(contracts.dir, "orchestrator.yaml");
    const world = await RealWorld.create(services, { contractsDir: contracts.dir });
    try {
      await world.start();
      const [first, second] = world.programs.map(({ url }) => url) as [string, string];
      const hashes = [(await inForce(first))?.hash];
      for (let reloads = 1; reloads <= RELOADS; reloads++) {
        const registered = registerNodes(world, `n${reloads}`);
        changeAckDeadline(file, 30 + reloads);
        const { status, body } = await reload(reloads % 2 === 0 ? first : second);
        expect(status).toBe(200);
        hashes.push(body.hash);
        await allUnder([first, second], body.hash);
        await registered;
      }
      expect(new Set(hashes).size).toBe(RELOADS + 1);
      await expectInOrder(world, hashes);

      appendFileSync(file, "\nno such key: 1\n");
      expect(await reload(first)).toMatchObject({ status: 409 });
      expect(await inForce(first)).toMatchObject({
        hash: hashes.at(-1),
        refused: { reason: expect.any(String) as string },
      });
      await registerNodes(world, "after");
      await expectPromisesKept(world);
    } finally {
      await world.close();
      contracts.remove();
    }
  }, 240_000);
});
