import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DiscoveredService } from "../../effects/service-catalog/service-discovery.ts";
import { HttpBench, lasting } from "../app/registration/http-bench.ts";

/** Changes that others make to a catalog. */
export interface ExternalChanges {
  readonly environment: Readonly<Record<string, string>>;
  remove(serviceId: string): Promise<void>;
  /** Changes address and tags, and lets its check fail. */
  alter(serviceId: string): Promise<void>;
  /** Puts an entry with our owner mark there. */
  leaveBehind(serviceId: string, nodeId: string): Promise<void>;
  /** Names of the ways in which reading the catalog fails. */
  readonly failures: readonly string[];
  fail(how: string | undefined, bench: HttpBench): Promise<void>;
  wipe(): Promise<void>;
  /** Registers a service of another owner. */
  putForeign(): Promise<void>;
  foreign(): Promise<unknown>;
  close(): Promise<void>;
}

const WAIT = { timeout: 60_000 };
const NODES = 20;

/** The suite of reconciliation: a catalog is repaired to match the nodes' states, after any change by others. */
export function describeReconciliation(
  name: string,
  makeChanges: (bench: () => HttpBench) => Promise<ExternalChanges>,
): void {
  describe(`${name}, when others change it`, () => {
    let bench: HttpBench;
    let changes: ExternalChanges;
    let foreign: unknown;
    const nodes = Array.from({ length: NODES }, (_, i) => `n${i}`);
    const serviceOf = (nodeId: string): string => `onex-effect-${nodeId}`;

    beforeAll(async () => {
      changes = await makeChanges(() => bench);
      bench = await HttpBench.open(lasting, { limits: { reconcileEveryMs: 500 } }, changes.environment);
      await changes.putForeign();
      foreign = await changes.foreign();
    }, 180_000);
    afterAll(async () => {
      await bench?.close();
      await changes?.close();
    });

    const services = (passing = false): Promise<DiscoveredService[]> =>
      bench.system.catalog.services("onex-effect", passing);
    const find = async (id: string): Promise<DiscoveredService | undefined> =>
      (await services()).find(({ service_id }) => service_id === serviceOf(id));
    const drift = () => bench.system.runtime.status().drift.find(({ backend }) => backend === "consul");
    /** Waits until a comparison that began after the call has ended. */
    const compared = async (): Promise<void> => {
      const { brokerTimeMs } = bench.system.runtime.status();
      let first: number | undefined;
      await expect
        .poll(() => {
          const at = drift()?.comparedAtMs ?? 0;
          if (at <= brokerTimeMs) return false;
          return at > (first ??= at);
        }, WAIT)
        .toBe(true);
    };

    it("is not written while nothing differs", async () => {
      await bench.say("NodeIntrospectionEvent", nodes);
      await expect.poll(() => bench.inState("AWAITING_ACK"), WAIT).toEqual([...nodes].sort());
      await bench.say("NodeRegistrationAcked", nodes);
      await expect.poll(() => services(true).then((found) => found.length), WAIT).toBe(NODES);
      await compared();
      await expect.poll(() => drift()?.found, WAIT).toEqual({ missing: 0, altered: 0, leftover: 0 });
      const { body } = await bench.ask<{ checks: { name: string; level: string }[] }>("/api/v1/doctor");
      expect(body.checks).toContainEqual(expect.objectContaining({ name: "drift of consul", level: "ok" }));
    });

    it("has a deleted entry restored", async () => {
      const before = await find("n1");
      await changes.remove(serviceOf("n1"));
      expect(await find("n1")).toBeUndefined();
      await expect.poll(() => find("n1"), WAIT).toEqual(before);
    });

    it("has an altered entry repaired, and the repair is in the node's timeline", async () => {
      const before = await find("n2");
      await changes.alter(serviceOf("n2"));
      expect(await find("n2")).toMatchObject({ address: "192.0.2.66", status: "critical" });
      await expect.poll(() => find("n2"), WAIT).toEqual(before);
      const { body } = await bench.ask<{ items: { type: string; reason: string }[] }>(
        "/api/v1/registrations/n2/timeline?limit=200",
      );
      const repairs = body.items.filter(({ type }) => type === "drift(consul)");
      expect(repairs).toMatchObject([
        { reason: expect.stringMatching(/altered: onex-effect-n2 differs in tags, address/) },
      ]);
    });

    it("has the entries of an ended node and of an unknown one removed", async () => {
      await bench.say("NodeDeregister", ["n0"]);
      await expect.poll(() => find("n0"), WAIT).toBeUndefined();
      await changes.leaveBehind(serviceOf("n0"), "n0");
      await changes.leaveBehind(serviceOf("nobody"), "nobody");
      expect(await services()).toHaveLength(NODES + 1);
      await expect.poll(() => services().then((found) => found.length), WAIT).toBe(NODES - 1);
    });

    it("is not changed while it can't be read, and repaired afterwards", async () => {
      await changes.leaveBehind(serviceOf("ghost"), "ghost");
      for (const how of changes.failures) {
        await changes.fail(how, bench);
        await expect.poll(() => drift()?.error, { ...WAIT, message: how }).not.toBe(null);
        await changes.fail(undefined, bench);
        await changes.remove(serviceOf("n3"));
        await expect.poll(() => find("n3"), WAIT).toBeDefined();
        await changes.leaveBehind(serviceOf("ghost"), "ghost");
      }
      expect(drift()?.error).toBe(null);
    });

    it("has more than a fifth of its entries removed only after an operator released the hold", async () => {
      const ghosts = Array.from({ length: 6 }, (_, i) => `ghost${i}`);
      for (const ghost of ghosts) await changes.leaveBehind(serviceOf(ghost), ghost);
      const held = async () => (await bench.ask<{ items: object[] }>("/api/v1/holds")).body.items;
      await expect.poll(held, WAIT).toMatchObject([{ kind: "deletion", subject: "consul", in_force: true }]);
      await compared();
      for (const ghost of ghosts) expect(await find(ghost)).toBeDefined();
      const doctor = await bench.ask<{ ok: boolean; checks: object[] }>("/api/v1/doctor");
      expect(doctor.body.checks).toContainEqual(expect.objectContaining({ name: "DELETIONS_HELD", level: "finding" }));
      const released = await bench.ask("/api/v1/holds/registration/consul/release?by=ann&reason=test", {
        method: "POST",
      });
      expect(released).toMatchObject({
        status: 200,
        body: { in_force: false, released_by: "ann (address 127.0.0.1)", reason: "test" },
      });
      await expect.poll(() => services().then((found) => found.length), WAIT).toBe(NODES - 1);
    });

    it("has all entries restored after it was emptied", async () => {
      const before = await services(true);
      await changes.wipe();
      expect(await services()).toEqual([]);
      await expect.poll(() => services(true), WAIT).toEqual(before);
    });

    it("keeps the entries of other owners", async () => {
      expect(foreign).toBeDefined();
      expect(await changes.foreign()).toEqual(foreign);
    });
  });
}
