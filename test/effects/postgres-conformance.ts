import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  PostgresUpdateRegistration,
  PostgresUpsertRegistration,
} from "../../contracts/registration/messages/intents.ts";
import { HandlerPostgresUpdate } from "../../effects/postgres/postgres-update.effect.ts";
import { HandlerPostgresUpsert } from "../../effects/postgres/postgres-upsert.effect.ts";
import type { Intent } from "../../runtime/core/intent.ts";
import type { Store } from "../../runtime/ports/store.ts";
import { endings, intentOf, run } from "./intents.ts";

const migration = new URL("../../effects/postgres/migrations/0001_node_registrations.sql", import.meta.url);
const attempt = randomUUID();

interface Given {
  readonly status?: string;
  readonly attemptId?: string;
  readonly metadata?: Record<string, string>;
}

function upsert(
  nodeId: string,
  version: number,
  { status = "PENDING_REGISTRATION", attemptId = attempt, metadata = {} }: Given = {},
): Intent {
  return intentOf(
    PostgresUpsertRegistration,
    {
      node_id: nodeId,
      node_type: "effect",
      node_version: "1.2.3",
      node_name: null,
      endpoints: { api: "http://10.1.2.3:8080" },
      capabilities: ["io", 'grüße {"x"}'],
      metadata,
      status,
    },
    { entityId: nodeId, version, target: `postgres://node_registrations/${nodeId}`, attemptId },
  );
}

function update(
  nodeId: string,
  version: number,
  status: string,
  heartbeatAt: string | null,
  deadline: string | null,
): Intent {
  return intentOf(
    PostgresUpdateRegistration,
    { node_id: nodeId, status, last_heartbeat_at: heartbeatAt, liveness_deadline: deadline },
    { entityId: nodeId, version, target: `postgres://node_registrations/${nodeId}` },
  );
}

/** The suite of the Postgres effects, for every store. */
export function describePostgresEffects(name: string, open: () => Promise<Store>): void {
  describe(`${name}, as the table of registrations`, () => {
    let store: Store;
    beforeAll(async () => {
      store = await open();
      await store.query("create schema rollcall");
      await store.transaction((tx) => store.script(tx, readFileSync(migration, "utf8")));
    });
    afterAll(() => store.close());
    beforeEach(async () => {
      await store.query("truncate rollcall.node_registrations");
    });

    const upserted = (...intents: Intent[]) => run(HandlerPostgresUpsert(store), intents);
    const updated = (...intents: Intent[]) => run(HandlerPostgresUpdate(store), intents);
    const rows = () => store.query("select * from rollcall.node_registrations order by node_id");

    it("writes every field of a node", async () => {
      const intent = upsert("n1", 3, { metadata: { rack: "7" } });
      expect(await upserted(intent)).toEqual([
        { done: true, event: { type: "PostgresRegistrationConfirmed", payload: { node_id: "n1", version: 3 } } },
      ]);
      expect(await rows()).toEqual([
        {
          node_id: "n1",
          node_type: "effect",
          node_version: "1.2.3",
          node_name: null,
          endpoints: { api: "http://10.1.2.3:8080" },
          capabilities: ["io", 'grüße {"x"}'],
          metadata: { rack: "7" },
          status: "PENDING_REGISTRATION",
          last_heartbeat_at: null,
          liveness_deadline: null,
          registration_attempt_id: attempt,
          correlation_id: intent.correlationId,
          version: 3,
          registered_at: expect.any(Date),
          updated_at: expect.any(Date),
        },
      ]);
    });

    it("changes nothing for an older version, and reports it as done", async () => {
      await upserted(upsert("n1", 5, { status: "ACTIVE" }));
      expect(endings(await upserted(upsert("n1", 4)))).toEqual(["done"]);
      expect(endings(await updated(update("n1", 3, "REJECTED", null, null)))).toEqual(["done"]);
      expect(await rows()).toMatchObject([{ status: "ACTIVE", version: 5 }]);
    });

    it("has the same result when every intent is carried out twice", async () => {
      for (let time = 0; time < 2; time++) await upserted(upsert("n1", 3));
      for (let time = 0; time < 2; time++) await updated(update("n1", 4, "ACTIVE", null, "2026-01-01T00:00:30.000Z"));
      await upserted(upsert("n1", 3));
      expect(await rows()).toMatchObject([{ status: "ACTIVE", version: 4 }]);
    });

    it("sets a status with the same version as the upsert before it", async () => {
      await upserted(upsert("n1", 3));
      await updated(update("n1", 3, "DEREGISTERED", null, null));
      expect(await rows()).toMatchObject([{ status: "DEREGISTERED", version: 3 }]);
    });

    it("does nothing for a status of a node without a row", async () => {
      expect(endings(await updated(update("n1", 3, "ACTIVE", null, null)))).toEqual(["done"]);
      expect(await rows()).toEqual([]);
    });

    it("keeps the last heartbeat when an update has none, and clears a deadline when it has none", async () => {
      await upserted(upsert("n1", 3));
      await updated(update("n1", 4, "ACTIVE", "2026-01-01T00:00:00.000Z", "2026-01-01T00:00:30.000Z"));
      await updated(update("n1", 5, "LIVENESS_EXPIRED", null, null));
      expect(await rows()).toMatchObject([
        { status: "LIVENESS_EXPIRED", last_heartbeat_at: new Date("2026-01-01T00:00:00Z"), liveness_deadline: null },
      ]);
    });

    it("keeps the times when the same attempt is written again, and resets them for another attempt", async () => {
      const liveness_deadline = new Date("2026-01-01T00:00:30Z");
      await upserted(upsert("n1", 3));
      await updated(update("n1", 4, "ACTIVE", "2026-01-01T00:00:00.000Z", liveness_deadline.toISOString()));
      const registeredAt = (await rows())[0]?.["registered_at"];
      await upserted(upsert("n1", 5, { status: "ACTIVE" }));
      expect(await rows()).toMatchObject([{ version: 5, liveness_deadline, registered_at: registeredAt }]);
      await upserted(upsert("n1", 6, { attemptId: randomUUID() }));
      expect(await rows()).toMatchObject([{ version: 6, liveness_deadline: null, last_heartbeat_at: null }]);
      expect((await rows())[0]?.["registered_at"]).not.toEqual(registeredAt);
    });

    it("refuses only the invalid intents of a batch, for good, and writes the others", async () => {
      const bad = new Set([7, 100, 499]);
      const intents = Array.from({ length: 500 }, (_, index) =>
        upsert(`n${index}`, 1, bad.has(index) ? { metadata: { nul: "a\u0000b" } } : {}),
      );
      const outcomes = await upserted(...intents);
      outcomes.forEach((outcome, index) => {
        if (!bad.has(index)) return expect(outcome).toMatchObject({ done: true });
        expect(outcome).toMatchObject({ done: false, fault: { code: "POSTGRES_REFUSED", retryable: false } });
      });
      expect(await rows()).toHaveLength(497);
      const [, second] = await updated(
        update("n1", 2, "ACTIVE", null, null),
        update("n2", 2, "ACTIVE", "yesterday-ish", null),
      );
      expect(second).toMatchObject({ done: false, fault: { code: "POSTGRES_REFUSED" } });
      expect((await rows()).filter(({ status }) => status === "ACTIVE")).toMatchObject([{ node_id: "n1" }]);
    });

    it("stores names with special characters unchanged", async () => {
      const nodeIds = ["__proto__", "'; drop table rollcall.node_registrations; --", "$1", "{a,NULL}", "NULL"];
      const metadata = { constructor: "x", "": "empty", "☎": "\u202e<script>" };
      await upserted(...nodeIds.map((nodeId) => upsert(nodeId, 1, { metadata })));
      const stored = await rows();
      expect(stored.map(({ node_id }) => node_id).sort()).toEqual([...nodeIds].sort());
      expect(stored[0]).toMatchObject({ metadata });
    });
  });
}
