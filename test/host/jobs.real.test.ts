import { afterAll, beforeAll, expect, it } from "vitest";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { composeHost, type Host } from "../../app/host/compose.ts";
import { readConfig } from "../../app/host/config.ts";
import type { Job } from "../../app/host/module.ts";
import { PostgresStore } from "../../runtime/adapters/postgres/postgres-store.ts";
import { describeReal } from "../real/services/describe-real.ts";
import { freshDatabase, type FreshDatabase } from "../real/services/fresh-database.ts";
import { freshNamespace } from "../real/services/fresh-namespace.ts";
import { until } from "../shell/orders.ts";
import { testJobs, withJobs } from "./jobs-on-one-store.ts";
import { toyModule } from "./toy-module.ts";

describeReal("jobs on Kafka and Postgres", ({ kafka, database: databaseUrl }) => {
  let database: FreshDatabase;
  let folder: string;
  beforeAll(async () => {
    database = await freshDatabase(databaseUrl);
    folder = mkdtempSync(join(tmpdir(), "rollcall-jobs-"));
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await database.drop();
  });
  // A store belongs to one namespace.
  const ROLLCALL_NAMESPACE = freshNamespace();
  const environment = () => ({ DATABASE_URL: database.url, KAFKA_BOOTSTRAP_SERVERS: kafka, ROLLCALL_NAMESPACE });
  testJobs(async () => environment());

  it("run in one of two hosts, and in the other when the connection or the host is gone", async () => {
    const config = readConfig({ ...environment(), ROLLCALL_PARTITIONS: "2" });
    const running = new Set<Host>();
    let most = 0;
    const open = async (): Promise<Host> => {
      const run: Job["run"] = async ({ signal }) => {
        running.add(host);
        most = Math.max(most, running.size);
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        running.delete(host);
      };
      const module = withJobs(toyModule("books", folder), [{ name: "probe", every: "always", run }]);
      const host = await composeHost(config, { modules: [module] });
      await host.start();
      return host;
    };
    const hosts = [await open(), await open()];
    const observer = new PostgresStore({ url: database.url });
    const other = (host: Host | undefined): Host => hosts.find((each) => each !== host) as Host;
    try {
      await until(() => running.size === 1);
      const [first] = running;
      // The server ends both sessions: either host may be the next.
      await observer.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'rollcall locks'",
      );
      await until(() => running.size === 0);
      await until(() => running.size === 1);
      const [second] = running;
      await second?.stop();
      await until(() => running.has(other(second)));
      expect(most).toBe(1);
      expect(first).toBeDefined();
    } finally {
      await Promise.all(hosts.map((host) => host.stop()));
      await observer.close();
    }
  });
});
