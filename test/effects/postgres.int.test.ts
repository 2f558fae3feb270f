import { expect, it } from "vitest";
import { PostgresUpdateRegistration } from "../../contracts/registration/messages/intents.ts";
import { HandlerPostgresUpdate } from "../../effects/postgres/postgres-update.effect.ts";
import { Fault } from "../../runtime/core/fault.ts";
import type { Sql } from "../../runtime/ports/store.ts";
import { openInitializedStore } from "../initialized-store.ts";
import { intentOf, run } from "./intents.ts";
import { describePostgresEffects } from "./postgres-conformance.ts";

describePostgresEffects("PGlite", openInitializedStore);

const intents = Array.from({ length: 8 }, (_, index) =>
  intentOf(
    PostgresUpdateRegistration,
    { node_id: `n${index}`, status: "ACTIVE", last_heartbeat_at: null, liveness_deadline: null },
    { entityId: `n${index}`, version: 1, target: `postgres://node_registrations/n${index}` },
  ),
);

it("returns UNAVAILABLE within the timeout when the store is down or hangs", async () => {
  const down: Sql = {
    query: () => Promise.reject(new Fault("STORE_UNAVAILABLE", "no connection", { retryable: true })),
  };
  const hanging: Sql = { query: () => new Promise(() => {}) };
  for (const sql of [down, hanging]) {
    for (const outcome of await run(HandlerPostgresUpdate(sql), intents, 100)) {
      expect(outcome).toMatchObject({ done: false, fault: { code: "UNAVAILABLE", retryable: true } });
    }
  }
});

it("stops looking for the invalid intent when the store becomes unavailable", async () => {
  let queries = 0;
  const failing: Sql = {
    query: () => {
      const code = ++queries <= 2 ? "STORE_REFUSED" : "STORE_UNAVAILABLE";
      return Promise.reject(new Fault(code, "no", { retryable: code === "STORE_UNAVAILABLE" }));
    },
  };
  const outcomes = await run(HandlerPostgresUpdate(failing), intents);
  expect(outcomes.map((outcome) => outcome.fault?.code)).toEqual(intents.map(() => "UNAVAILABLE"));
  expect(queries).toBe(3);
});
