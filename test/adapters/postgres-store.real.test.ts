import { afterAll, beforeAll, describe } from "vitest";
import { PostgresStore } from "../../runtime/adapters/postgres-store.ts";
import { describeReal } from "../real/services/describe-real.ts";
import { freshDatabase, type FreshDatabase } from "../real/services/fresh-database.ts";
import { describeStore } from "./store-conformance.ts";

describeReal("PostgresStore", (services) => {
  let database: FreshDatabase;
  beforeAll(async () => {
    database = await freshDatabase(services.database);
  });
  afterAll(() => database.drop());

  describeStore("PostgresStore", { open: async () => new PostgresStore({ url: database.url }) });
});
