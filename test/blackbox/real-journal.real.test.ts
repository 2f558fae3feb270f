import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeReal } from "../real/services/describe-real.ts";
import { rollcall } from "../security/rollcall.ts";
import { contractsCopy } from "./registration/contracts-copy.ts";
import { RealWorld } from "./registration/real-world.ts";
import { TestNode } from "./registration/test-node.ts";

describeReal("the journal of a system on Kafka, Postgres and Consul", (services) => {
  let world: RealWorld;

  beforeAll(async () => {
    world = await RealWorld.create(services);
    const [quick, slow, refused, gone] = ["quick", "slow", "refused", "gone"].map((id) => new TestNode(world, id));
    await Promise.all([quick?.becomeActive(), gone?.becomeActive(), slow?.introspect()]);
    await refused?.introspect({ endpoints: ["http://0.0.0.0:8080"] });
    await refused?.until("NodeRegistrationRejected");
    await gone?.deregister();
    await gone?.until("NodeDeregistered");
    await world.poison("NodeIntrospectionEvent", { value: Buffer.from([0xff]), key: "poison" });
    await slow?.until("NodeRegistrationAccepted");
    await sleep(6_000);
    await slow?.answerAcceptance();
    await Promise.all([slow, quick].map((node) => node?.untilRow({ status: "ACTIVE" })));
  });
  afterAll(() => world.close());

  const asked = async (command: string): Promise<{ code: number; report: Record<string, unknown> }> => {
    const { code, out, err } = await rollcall(`${command} --json`, { ROLLCALL_URL: world.url });
    if (out === "") throw new Error(err);
    return { code, report: JSON.parse(out) as Record<string, unknown> };
  };

  /** Everything that is stored, published and registered, but for the clock that says who is served. */
  const everything = async (): Promise<unknown> => {
    const tables = await world.query<{ name: string }>(
      `select table_name as name from information_schema.tables
        where table_schema = 'rollcall' and table_type = 'BASE TABLE' order by 1`,
    );
    const rows = await Promise.all(
      tables.map(({ name }) =>
        world.query(`select to_jsonb(t) - 'served_at' as row from rollcall."${name}" t order by 1`),
      ),
    );
    return { tables, rows, records: (await world.records()).length, services: await world.services() };
  };

  it("is replayed byte for byte", async () => {
    const { code, report } = await asked("replay --verify");
    expect(report).toMatchObject({ ok: true, entities: 4, states: 4, deadLetters: 1, differences: 0 });
    expect(code).toBe(0);
  });

  it("shows which nodes would have ended otherwise under another contract, and changes nothing", async () => {
    const copy = contractsCopy(["orchestrator", "name: ack, after: 30s", "name: ack, after: 3s"]);
    const before = await everything();
    const { code, report } = await asked(`plan ${copy.dir} --hours 1`);
    copy.remove();
    expect(report).toMatchObject({ entities: 4, otherwise: 1, incomplete: 0 });
    expect(report["found"]).toMatchObject([{ planned: ["ACK_TIMED_OUT"] }]);
    expect(code).toBe(1);
    expect(await everything()).toEqual(before);
  });
});
