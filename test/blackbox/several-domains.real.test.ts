import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeReal } from "../real/services/describe-real.ts";
import { freshDatabase } from "../real/services/fresh-database.ts";
import { freshNamespace } from "../real/services/fresh-namespace.ts";
import { environmentOf } from "../real/services/service-addresses.ts";
import { waitUntil } from "../real/services/wait-until.ts";
import { sendTo, stateIn } from "./domain-requests.ts";
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

  /** Both domains take a message with the same id, at the process that is asked. */
  const bothTake = async (program: Program, id: string): Promise<void> => {
    await sendTo(program.url, "registration", "NodeIntrospectionEvent", { node_id: id, node_type: "effect" });
    await sendTo(program.url, "trial", "Asked", { thing_id: id });
    await waitUntil(
      async () =>
        expect([await stateIn(program.url, "registration", id), await stateIn(program.url, "trial", id)]).toEqual([
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
