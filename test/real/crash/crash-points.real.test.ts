import { expect, it, vi } from "vitest";
import type { ContractsCopy, Edit } from "../../blackbox/contracts-copy.ts";
import { contractsCopy, deadlinesOf } from "../../blackbox/registration/contracts-copy.ts";
import type { RealOptions } from "../../blackbox/real-system.ts";
import { RealWorld } from "../../blackbox/registration/real-world.ts";
import { expectPromisesKept } from "../../blackbox/registration/settled.ts";
import { TestNode } from "../../blackbox/registration/test-node.ts";
import { describeReal } from "../services/describe-real.ts";
import { startTcpProxy } from "../services/tcp-proxy.ts";
import { POINTS } from "./registration/points.ts";

const FIRST_LIFE = ["Initiated", "Accepted", "AckReceived", "BecameActive"];
/** The shortest that Kafka allows: so long a killed process keeps its partitions. */
const SESSION = { KAFKA_SESSION_TIMEOUT_MS: "6000" };
const deadlines = (edits: readonly Edit[] = []): readonly Edit[] =>
  edits.some(([, from]) => from.includes("ack")) ? edits : [...edits, ...deadlinesOf("5m", "10m")];
const at = (point: string, how = "exit") => ({ ROLLCALL_FAILPOINT: `${point}:${how}` });

// Every round starts two processes, several rounds run at once, and the machine may be busy with other things.
vi.setConfig({ testTimeout: 300_000 });

describeReal("a process that dies at a crash point, on Kafka, Postgres and Consul", (services) => {
  async function inWorld(
    options: RealOptions & { readonly edits?: readonly Edit[] },
    test: (world: RealWorld) => Promise<void>,
  ): Promise<void> {
    // Deadlines so long that none fires on a busy machine, except where a test is about one.
    const contracts: ContractsCopy = contractsCopy(...deadlines(options.edits));
    const environment = { ...SESSION, ...options.environment };
    const world = await RealWorld.create(services, { ...options, environment, contractsDir: contracts.dir });
    try {
      await test(world);
      await expectPromisesKept(world);
    } finally {
      await world.close();
      contracts.remove();
    }
  }

  /** Two nodes and something that can't be processed between them. */
  async function arrive(world: RealWorld): Promise<readonly TestNode[]> {
    const nodes = [new TestNode(world, "node"), new TestNode(world, "beside")];
    await Promise.all([
      ...nodes.map((node) => node.introspect()),
      ...nodes.map(({ id }) => world.poison("NodeIntrospectionEvent", { key: id, value: `{"node_id":"${id}"` })),
    ]);
    return nodes;
  }

  async function becomeActive(world: RealWorld, nodes: readonly TestNode[]): Promise<void> {
    await Promise.all(nodes.map((node) => node.answerAcceptance()));
    for (const node of nodes) expect(await node.types()).toEqual(FIRST_LIFE);
  }

  it.concurrent.each(Object.entries(POINTS).map(([point, { where, left }]) => [point, where, left] as const))(
    "%s, %s: is taken up by the next one",
    async (point, _, left) =>
      inWorld({ first: at(point) }, async (world) => {
        const nodes = await arrive(world);
        expect(await world.ended()).toMatchObject({ signal: "SIGKILL" });
        await left(world);
        await world.start();
        await becomeActive(world, nodes);
      }),
  );

  it.concurrent("C7, half of a publish confirmed: the rest is published again, in order", async () =>
    // More than one call to the broker carries, of one partition.
    inWorld({ first: at("C7"), partitions: 1, edits: deadlinesOf("5m", "10m") }, async (world) => {
      const nodes = Array.from({ length: 400 }, (_, index) => `half-${index}`);
      await world.publishAll(
        "NodeIntrospectionEvent",
        nodes.map((node_id) => ({ node_id, node_type: "effect" })),
      );
      expect(await world.ended()).toMatchObject({ signal: "SIGKILL" });
      const half = (await world.records()).length;
      expect(half).toBeGreaterThan(0);
      const due = await world.query(`select from rollcall.journal where topic is not null`);
      expect(half).toBeLessThan(due.length);
      await world.start();
      await Promise.all(nodes.map((id) => new TestNode(world, id).until("NodeRegistrationAccepted")));
      await world.publishAll(
        "NodeRegistrationAcked",
        nodes.map((node_id) => ({ node_id })),
      );
      await Promise.all(nodes.map((id) => new TestNode(world, id).until("NodeBecameActive")));
      const ids = (await world.records()).map(({ kafka }) => kafka?.headers["message_id"]);
      expect(ids.length - new Set(ids).size).toBeGreaterThan(0);
    }),
  );

  it.concurrent("C10, one backend done and the other not: it is PARTIAL until the other confirms", async () => {
    const consul = await startTcpProxy(Number(new URL(services.consul).port));
    consul.cut();
    const environment = { CONSUL_HTTP_ADDR: `http://127.0.0.1:${consul.port}` };
    const edits: Edit[] = [["effects", "reset_timeout: 5s", "reset_timeout: 1s"]];
    try {
      await inWorld({ first: at("C10"), environment, edits, tolerated: ["catalogue"] }, async (world) => {
        const nodes = await arrive(world);
        expect(await world.ended()).toMatchObject({ signal: "SIGKILL" });
        await world.start();
        for (const node of nodes) {
          await node.untilRow({ status: "PENDING_REGISTRATION" });
          await node.untilState("PENDING_REGISTRATION", "partial");
        }
        expect(nodes.flatMap((node) => node.events("NodeRegistrationAccepted"))).toEqual([]);
        consul.restore();
        await becomeActive(world, nodes);
      });
    } finally {
      await consul.close();
    }
  });

  it.concurrent("C11, a deadline is due and its turn has not committed: it fires once, after the grace", async () =>
    inWorld({ first: at("C11"), edits: deadlinesOf("8s", "10m") }, async (world) => {
      const [mute, beside] = await arrive(world);
      await beside?.until("NodeRegistrationAccepted");
      await beside?.ack();
      expect(await world.ended()).toMatchObject({ signal: "SIGKILL" });
      expect(await mute?.types()).toEqual(["Initiated", "Accepted"]);
      await world.start();
      await mute?.until("NodeRegistrationAckTimedOut");
      await beside?.until("NodeBecameActive");
    }),
  );

  it.concurrent("with the node's ACK in the log in time: it counts, however late it is read", async () =>
    // Shorter than the time until another process has the partitions.
    inWorld({ edits: deadlinesOf("8s", "10m") }, async (world) => {
      const [node, mute] = await arrive(world);
      await Promise.all([node, mute].map((each) => each?.until("NodeRegistrationAccepted")));
      await world.kill();
      await node?.ack();
      await world.start();
      await node?.until("NodeBecameActive");
      await mute?.until("NodeRegistrationAckTimedOut");
    }),
  );

  it.concurrent.each([1, 4])(
    "C13, in migration %i: the next start resumes it, and refuses one that was changed",
    async (nth) =>
      inWorld({ before: at("C13", `exit:${nth}`) }, async (world) => {
        await becomeActive(world, await arrive(world));
        const applied = await world.query(`select from rollcall.migration`);
        expect(applied.length).toBeGreaterThanOrEqual(4);
        await world.query(`update rollcall.migration set checksum = 'another' where scope = 'runtime' and number = 1`);
        await expect(world.start()).rejects.toThrow(
          "migration runtime/0001_contracts.sql was changed after it was applied",
        );
      }),
  );

  it.concurrent(
    "C14, SIGTERM under load: drained, cursors and offsets stored, exit within 10 s, and nothing is repeated",
    async () =>
      inWorld({}, async (world) => {
        const nodes = Array.from({ length: 60 }, (_, index) => new TestNode(world, `drained-${index}`));
        const speaking = Promise.all(nodes.map((node) => node.introspect()));
        const [program] = world.programs;
        const startedMs = Date.now();
        expect(await program?.stop()).toEqual({ code: 0, signal: null });
        expect(Date.now() - startedMs).toBeLessThan(10_500);
        await speaking;
        const owed = await world.query(
          `select from rollcall.journal j join rollcall.partition_owner o using (domain, partition)
          where j.topic is not null and j.seq > o.published_seq`,
        );
        expect(owed).toEqual([]);
        expect(await world.groupOffsets()).toEqual(await world.storedOffsets());
        await world.start();
        await Promise.all(nodes.map((node) => node.answerAcceptance()));
        const ids = (await world.records()).map(({ kafka }) => kafka?.headers["message_id"]);
        expect(new Set(ids).size).toBe(ids.length);
        expect(await world.query(`select from rollcall.journal where kind = 'repeat'`)).toEqual([]);
      }),
  );

  it.concurrent.each(["throw", "reject"])(
    "C15, by a defect that nobody catches (%s): says so, and leaves with 1",
    async (how) =>
      inWorld({ first: at("C5", how) }, async (world) => {
        const [program] = world.programs;
        const nodes = await arrive(world);
        expect(await world.ended()).toEqual({ code: 1, signal: null });
        const lines = (program?.said() ?? "")
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line) as Record<string, unknown>);
        // A write of details that is under way when the log is flushed may follow it.
        expect(lines.filter(({ level }) => level !== "debug").at(-1)).toMatchObject({
          level: "fatal",
          msg: expect.stringContaining("the process can't continue"),
          err: { message: expect.stringContaining("at a fail point") },
        });
        await world.start();
        await becomeActive(world, nodes);
      }),
  );
});
