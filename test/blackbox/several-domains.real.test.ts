import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeReal } from "../real/services/describe-real.ts";
import { freshDatabase } from "../real/services/fresh-database.ts";
import { freshNamespace } from "../real/services/fresh-namespace.ts";
import { environmentOf } from "../real/services/service-addresses.ts";
import { waitUntil } from "../real/services/wait-until.ts";
import { type Program, startProgram } from "./program.ts";
import { writeTrialModule } from "./trial-module.ts";

describeReal("two processes that serve two domains", (services) => {
  const folder = mkdtempSync(join(tmpdir(), "rollcall-two-domains-"));
  const programs: Program[] = [];
  let database: Awaited<ReturnType<typeof freshDatabase>>;
  beforeAll(async () => {
    database = await freshDatabase(services.database);
    const environment = {
      ...environmentOf(services),
      ...{ DATABASE_URL: database.url, ROLLCALL_NAMESPACE: freshNamespace() },
      ...{ ROLLCALL_PARTITIONS: "4", ROLLCALL_DOMAIN_PARTITIONS: "trial=2", KAFKA_SESSION_TIMEOUT_MS: "6000" },
    };
    const command = ["start", "--module", "registration", "--module", writeTrialModule(folder)];
    for (const _ of ["one", "two"]) programs.push(await startProgram({ environment, command }));
  });
  afterAll(async () => {
    await Promise.all(programs.map((program) => program.stop()));
    await database.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  const send = async (program: Program, path: string, payload_type: string, payload: object): Promise<void> => {
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ payload_type, payload });
    const { status } = await fetch(new URL(path, program.url), { method: "POST", headers, body });
    expect(status).toBe(202);
  };
  const stateOf = async (program: Program, domain: string, id: string): Promise<unknown> => {
    const answer = await fetch(new URL(`/api/v1/domains/${domain}/entities/${id}`, program.url));
    return ((await answer.json()) as { state?: unknown }).state;
  };
  /** Both domains take a message with the same id, at the process that is asked. */
  const bothTake = async (program: Program, id: string): Promise<void> => {
    await send(program, "/api/v1/events", "NodeIntrospectionEvent", { node_id: id, node_type: "effect" });
    await send(program, "/api/v1/domains/trial/events", "Asked", { thing_id: id });
    await waitUntil(
      async () =>
        expect([await stateOf(program, "registration", id), await stateOf(program, "trial", id)]).toEqual([
          "AWAITING_ACK",
          "ANSWERED",
        ]),
      { what: `${id} in both domains`, timeoutMs: 60_000 },
    );
  };

  it("keeps both domains going when one of them is killed", async () => {
    const [one, two] = programs as [Program, Program];
    for (const id of ["a1", "a2", "a3"]) await bothTake(two, id);
    await one.kill();
    for (const id of ["b1", "b2", "b3", "b4"]) await bothTake(two, id);
    const ready = (query: string) => fetch(new URL(`/health/ready${query}`, two.url)).then(({ status }) => status);
    await waitUntil(
      async () =>
        expect([await ready(""), await ready("?domain=trial"), await ready("?domain=registration")]).toEqual([
          200, 200, 200,
        ]),
      { what: "readiness of what is left", timeoutMs: 60_000 },
    );
  });
});
