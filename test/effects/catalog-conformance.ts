import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { HandlerConsulDeregister } from "../../effects/service-catalog/consul-deregister.effect.ts";
import { HandlerConsulRegister } from "../../effects/service-catalog/consul-register.effect.ts";
import { HandlerConsulSetStatus } from "../../effects/service-catalog/consul-set-status.effect.ts";
import type { ServiceDiscovery, DiscoveredService } from "../../effects/service-catalog/service-discovery.ts";
import type { ServiceCatalog } from "../../effects/service-catalog/service-registry.ts";
import type { Intent } from "../../runtime/core/intent.ts";
import { endings, run, serviceIntents } from "./intents.ts";

export interface CatalogUnderTest {
  readonly registry: ServiceCatalog["registry"];
  readonly catalog: ServiceDiscovery;
  /** The same catalog as another domain of the same process has it. */
  readonly neighbour: ServiceCatalog["registry"];
  /** Puts a service of another owner, with this id, in the place of ours. */
  putForeign(serviceId: string, name: string): Promise<void>;
  /** Address of the other owner's service, undefined when it does not exist. */
  foreignAddress(serviceId: string): Promise<string | undefined>;
  close(): Promise<void>;
}

export interface CatalogTraits {
  /** Whether a version older than a removal is rejected. */
  readonly remembersRemovals: boolean;
  /** Whether it keeps the meta of a service. */
  readonly keepsMeta: boolean;
}

/** The suite of every service catalog, written through the three effects. */
export function describeCatalog(name: string, traits: CatalogTraits, open: () => Promise<CatalogUnderTest>): void {
  describe(`${name}, as a service catalog`, () => {
    let bench: CatalogUnderTest;
    let serviceName: string;
    let intents: ReturnType<typeof serviceIntents>;
    beforeAll(async () => {
      bench = await open();
    });
    afterAll(() => bench.close());
    beforeEach(() => {
      serviceName = `onex-${randomBytes(4).toString("hex")}`;
      intents = serviceIntents(serviceName);
    });

    const register = async (...given: Intent[]) => run(HandlerConsulRegister(bench.registry), given);
    const setStatus = async (...given: Intent[]) => run(HandlerConsulSetStatus(bench.registry), given);
    const deregister = async (...given: Intent[]) => run(HandlerConsulDeregister(bench.registry), given);
    const all = (): Promise<DiscoveredService[]> => bench.catalog.services(serviceName, false);
    const passing = (): Promise<DiscoveredService[]> => bench.catalog.services(serviceName, true);
    /** A Consul agent synchronises with the servers a moment later. */
    const eventually = (assertion: () => Promise<void>): Promise<void> =>
      expect
        .poll(() => assertion().then(() => "as expected", String), { timeout: 10_000 })
        .toBe("as expected") as Promise<void>;

    it("reports its version", async () => {
      expect((await bench.catalog.probe()).version).toMatch(/\d/);
    });

    it("lists a registered node, but not among the passing ones", async () => {
      const [outcome] = await register(intents.register("n1", 3));
      expect(outcome).toEqual({
        done: true,
        event: { type: "ConsulRegistrationConfirmed", payload: { service_id: intents.idOf("n1"), version: 3 } },
      });
      await eventually(async () => {
        expect(await all()).toEqual([
          {
            service_id: intents.idOf("n1"),
            service_name: serviceName,
            node_id: "n1",
            address: "10.1.2.3",
            port: 8080,
            tags: ["node_type:effect", "node_version:1.2.3", "capability:io"],
            status: "critical",
            note: "awaiting acknowledgement",
            version: 3,
          },
        ]);
      });
      expect(await passing()).toEqual([]);
    });

    it("lists a node among the passing ones after its status was set, with address, port and tags", async () => {
      await register(intents.register("n1", 3));
      expect(endings(await setStatus(intents.setStatus("n1", 5, "passing")))).toEqual(["done"]);
      await eventually(async () => {
        expect(await passing()).toMatchObject([
          {
            service_id: intents.idOf("n1"),
            address: "10.1.2.3",
            port: 8080,
            status: "passing",
            note: "active",
            version: 5,
          },
        ]);
      });
      expect((await passing())[0]?.tags).toContain("capability:io");
    });

    it("lists a node no longer among the passing ones once its status is critical", async () => {
      await register(intents.register("n1", 3, { check: { status: "passing", note: "active" } }));
      await eventually(async () => expect(await passing()).toHaveLength(1));
      await setStatus(intents.setStatus("n1", 4, "critical", "gone quiet"));
      await eventually(async () => expect(await passing()).toEqual([]));
      await eventually(async () => expect(await all()).toMatchObject([{ status: "critical", note: "gone quiet" }]));
    });

    if (traits.keepsMeta)
      it("lists a service's meta without its own, also after its status was set", async () => {
        const meta = { zone: "a", hostname: "höst" };
        const listed = async () =>
          (await bench.registry.list(AbortSignal.timeout(5_000)))
            .map(({ content }) => content)
            .find(({ service_id }) => service_id === intents.idOf("n1"));
        await register(intents.register("n1", 3, { meta }), intents.register("n2", 3));
        await eventually(async () => expect(await listed()).toMatchObject({ status: "critical", meta }));
        await setStatus(intents.setStatus("n1", 4, "passing"));
        await eventually(async () => expect(await listed()).toMatchObject({ status: "passing", meta }));
        expect(Object.keys((await listed())?.["meta"] ?? {}).sort()).toEqual(["hostname", "zone"]);
      });

    it("removes a node", async () => {
      await register(intents.register("n1", 3), intents.register("n2", 3));
      expect(endings(await deregister(intents.deregister("n1", 4)))).toEqual(["done"]);
      await eventually(async () => expect(await all()).toMatchObject([{ node_id: "n2" }]));
    });

    it("replaces every field by those of a younger version", async () => {
      await register(intents.register("n1", 3));
      await setStatus(intents.setStatus("n1", 4, "passing"));
      await register(intents.register("n1", 5, { address: "10.9.9.9", port: 81, tags: ["capability:other"] }));
      await eventually(async () => {
        expect(await all()).toMatchObject([
          { address: "10.9.9.9", port: 81, tags: ["capability:other"], status: "critical", version: 5 },
        ]);
      });
    });

    it("changes nothing for an older version, and reports it as done", async () => {
      await register(intents.register("n1", 5, { check: { status: "passing", note: "active" } }));
      expect(endings(await register(intents.register("n1", 4, { address: "10.9.9.9" })))).toEqual(["done"]);
      expect(endings(await setStatus(intents.setStatus("n1", 3, "critical")))).toEqual(["done"]);
      expect(endings(await deregister(intents.deregister("n1", 4)))).toEqual(["done"]);
      await eventually(async () => {
        expect(await all()).toMatchObject([{ address: "10.1.2.3", status: "passing", version: 5 }]);
      });
    });

    it("repairs an entry when the same version is written again", async () => {
      await register(intents.register("n1", 5));
      await register(intents.register("n1", 5, { address: "10.9.9.9" }));
      await eventually(async () => expect(await all()).toMatchObject([{ address: "10.9.9.9", version: 5 }]));
    });

    it("has the same result when every intent is carried out twice", async () => {
      for (let time = 0; time < 2; time++) await register(intents.register("n1", 3), intents.register("n2", 3));
      for (let time = 0; time < 2; time++) await setStatus(intents.setStatus("n1", 4, "passing"));
      await eventually(async () => expect(await passing()).toMatchObject([{ node_id: "n1", version: 4 }]));
      for (let time = 0; time < 2; time++) {
        expect(endings(await deregister(intents.deregister("n1", 5), intents.deregister("n2", 5)))).toEqual([
          "done",
          "done",
        ]);
      }
      await eventually(async () => expect(await all()).toEqual([]));
    });

    it("does nothing for a status or a removal of a service that does not exist", async () => {
      expect(endings(await setStatus(intents.setStatus("n1", 4, "passing")))).toEqual(["done"]);
      expect(endings(await deregister(intents.deregister("n1", 5)))).toEqual(["done"]);
      expect(await all()).toEqual([]);
    });

    it("registers a node again that was removed", async () => {
      await register(intents.register("n1", 3));
      await deregister(intents.deregister("n1", 4));
      await register(intents.register("n1", 5));
      await eventually(async () => expect(await all()).toMatchObject([{ node_id: "n1", version: 5 }]));
    });

    if (traits.remembersRemovals)
      it("does not register an older version after a removal", async () => {
        await register(intents.register("n1", 3));
        await deregister(intents.deregister("n1", 5), intents.deregister("n2", 5));
        expect(endings(await register(intents.register("n1", 4), intents.register("n2", 4)))).toEqual(["done", "done"]);
        expect(await all()).toEqual([]);
      });

    it("registers a node without an address", async () => {
      await register(intents.register("n1", 3, { address: null, port: null }));
      await eventually(async () => expect(await all()).toMatchObject([{ node_id: "n1", address: "", port: null }]));
    });

    it("writes a hundred services in one call", async () => {
      const nodes = Array.from({ length: 100 }, (_, index) => `n${String(index).padStart(3, "0")}`);
      expect(endings(await register(...nodes.map((node) => intents.register(node, 3))))).toEqual(
        nodes.map(() => "done"),
      );
      await setStatus(...nodes.map((node) => intents.setStatus(node, 4, "passing")));
      await eventually(async () => expect((await passing()).map(({ node_id }) => node_id)).toEqual(nodes));
      await deregister(...nodes.map((node) => intents.deregister(node, 5)));
      await eventually(async () => expect(await all()).toEqual([]));
    });

    it("refuses only the invalid intents of a batch, for good, and writes the others", async () => {
      const nodes = Array.from({ length: 40 }, (_, index) => `n${String(index).padStart(2, "0")}`);
      const bad = { n07: { address: "0.0.0.0" }, n33: { address: "::" } } as Record<string, { address: string }>;
      const outcomes = await register(...nodes.map((node) => intents.register(node, 3, bad[node])));
      nodes.forEach((node, index) => {
        const outcome = outcomes[index];
        if (bad[node] === undefined) return expect(outcome).toMatchObject({ done: true });
        expect(outcome).toMatchObject({ done: false, fault: { code: "CONSUL_REFUSED", retryable: false } });
      });
      await eventually(async () => {
        expect((await all()).map(({ node_id }) => node_id)).toEqual(nodes.filter((node) => bad[node] === undefined));
      });
    });

    it("does not touch a service of another owner with the same id", async () => {
      await bench.putForeign(intents.idOf("n1"), serviceName);
      const [mine, other] = await register(intents.register("n1", 3), intents.register("n2", 3));
      expect(mine).toMatchObject({ done: false, fault: { code: "CONSUL_REFUSED", retryable: false } });
      expect(other).toMatchObject({ done: true });
      await setStatus(intents.setStatus("n1", 4, "critical"));
      expect(endings(await deregister(intents.deregister("n1", 5)))).toEqual(["done"]);
      expect(await bench.foreignAddress(intents.idOf("n1"))).toBe("192.0.2.7");
      await eventually(async () => expect(await all()).toMatchObject([{ node_id: "n2" }]));
    });

    it("keeps domains apart: none lists, changes or removes what another registered", async () => {
      const { neighbour } = bench;
      const idsOf = async (registry: ServiceCatalog["registry"]): Promise<string[]> =>
        (await registry.list(AbortSignal.timeout(10_000)))
          .map(({ content }) => (content as { readonly service_id: string }).service_id)
          .filter((id) => id.startsWith(serviceName));
      await register(intents.register("n1", 3));
      await run(HandlerConsulRegister(neighbour), [intents.register("p1", 3)]);
      await eventually(async () => {
        expect(await idsOf(bench.registry)).toEqual([intents.idOf("n1")]);
        expect(await idsOf(neighbour)).toEqual([intents.idOf("p1")]);
      });

      const [taken] = await run(HandlerConsulRegister(neighbour), [intents.register("n1", 9, { address: "10.9.9.9" })]);
      const refusal = { code: "CONSUL_REFUSED", retryable: false };
      const message = expect.stringMatching(/belongs to another owner: rollcall\/.*\/registration$/);
      expect(taken).toMatchObject({ done: false, fault: { ...refusal, message } });
      await run(HandlerConsulSetStatus(neighbour), [intents.setStatus("n1", 10, "passing")]);
      await run(HandlerConsulDeregister(neighbour), [intents.deregister("n1", 11)]);
      await eventually(async () =>
        expect(await all()).toMatchObject([{ node_id: "n1", address: "10.1.2.3", status: "critical", version: 3 }]),
      );
      expect(await idsOf(neighbour)).toEqual([intents.idOf("p1")]);
    });

    it("stores names and tags with special characters unchanged", async () => {
      const node = `a'b";--drop.__proto__:x`;
      const tags = ["capability:grüße ☎ 𝒳", 'capability:{a,"b"}', "capability:\\", "capability:' or 1=1", ""];
      await register(intents.register(node, 3, { tags }));
      await eventually(async () => expect(await all()).toMatchObject([{ node_id: node, tags }]));
      await deregister(intents.deregister(node, 4));
      await eventually(async () => expect(await all()).toEqual([]));
    });
  });
}
