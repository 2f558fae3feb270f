import { afterAll, beforeAll } from "vitest";
import { PostgresStore } from "../../runtime/adapters/postgres/postgres-store.ts";
import { describeReal } from "../real/services/describe-real.ts";
import { type FreshDatabase, freshDatabase } from "../real/services/fresh-database.ts";
import { describePostgresEffects } from "./postgres-conformance.ts";

describeReal("The Postgres effects", (services) => {
  let database: FreshDatabase;
  beforeAll(async () => {
    database = await freshDatabase(services.database);
  });
  afterAll(() => database.drop());

  describePostgresEffects("Postgres", async () => new PostgresStore({ url: database.url }));
});
