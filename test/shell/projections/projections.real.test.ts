import { afterAll, beforeAll } from "vitest";
import { PostgresStore } from "../../../runtime/adapters/postgres/postgres-store.ts";
import { describeReal } from "../../real/services/describe-real.ts";
import { type FreshDatabase, freshDatabase } from "../../real/services/fresh-database.ts";
import { describeProjections } from "./projection-suite.ts";

describeReal("on a server", (services) => {
  let database: FreshDatabase;
  beforeAll(async () => void (database = await freshDatabase(services.database)));
  afterAll(() => database.drop());
  describeProjections("PostgresStore", async () => new PostgresStore({ url: database.url }));
});
