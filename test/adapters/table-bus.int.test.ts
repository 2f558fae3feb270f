import { afterAll, beforeAll, describe } from "vitest";
import { migrate } from "../../runtime/adapters/migrate.ts";
import { PgliteStore } from "../../runtime/adapters/pglite-store.ts";
import { SystemClock } from "../../runtime/adapters/system-clock.ts";
import { TableBus } from "../../runtime/adapters/table-bus.ts";
import type { Store } from "../../runtime/ports/store.ts";
import { describeEventBus } from "./bus-conformance.ts";

const migrations = { scope: "runtime", directory: new URL("../../runtime/adapters/migrations/", import.meta.url) };

describe("TableBus", () => {
  let store: Store;
  beforeAll(async () => {
    store = await PgliteStore.open({ directory: undefined });
    await migrate(store, [migrations]);
  });
  afterAll(() => store.close());

  describeEventBus("TableBus", { create: async () => new TableBus({ store, clock: new SystemClock() }) });
});
