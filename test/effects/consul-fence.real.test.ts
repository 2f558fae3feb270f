import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { ConsulDiscovery } from "../../effects/consul/consul-discovery.ts";
import { ConsulClient } from "../../effects/consul/consul-client.ts";
import { HandlerConsulDeregister } from "../../effects/service-catalog/consul-deregister.effect.ts";
import { HandlerConsulRegister } from "../../effects/service-catalog/consul-register.effect.ts";
import { HandlerConsulSetStatus } from "../../effects/service-catalog/consul-set-status.effect.ts";
import { consulCatalog } from "../../effects/consul/consul-catalog.ts";
import type { ServiceRegistry } from "../../effects/service-catalog/service-registry.ts";
import { describeReal } from "../real/services/describe-real.ts";
import { freshNamespace } from "../real/services/fresh-namespace.ts";
import { type Exchange, forward, type HttpStandIn, standIn } from "./http-stand-in.ts";
import { endings, run, serviceIntents } from "./intents.ts";

const writesServices = ({ body }: Exchange): boolean => /"(Service|Check)":{"Verb":"(set|cas|delete-cas)"/.test(body);

describeReal("A write to Consul whose outcome is unknown", ({ consul }) => {
  let proxy: HttpStandIn;
  let client: ConsulClient;
  let direct: ConsulClient;
  let registry: ServiceRegistry;
  let scope: { env: string; namespace: string; domain: string };
  let name: string;
  let intents: ReturnType<typeof serviceIntents>;
  const pass = async (exchange: Exchange): Promise<void> => {
    const { status, text } = await forward(consul, exchange);
    exchange.response.writeHead(status, { "Content-Type": "application/json" }).end(text);
  };
  const all = () => new ConsulDiscovery(direct, scope).services(name, false);

  beforeAll(async () => {
    proxy = await standIn(pass);
    direct = new ConsulClient({ address: consul });
    client = new ConsulClient({ address: proxy.address });
  });
  afterAll(async () => {
    client.close();
    direct.close();
    await proxy.close();
  });
  beforeEach(async () => {
    scope = { env: "test", namespace: freshNamespace(), domain: "registration" };
    name = `onex-${scope.namespace}`;
    intents = serviceIntents(name);
    registry = consulCatalog(client, { ...scope, registration: "txn" })(scope.domain).registry;
    proxy.behaviour = pass;
  });

  it("is read again when only the answer was lost", async () => {
    proxy.behaviour = async (exchange) => {
      if (!writesServices(exchange)) return pass(exchange);
      await forward(consul, exchange);
      exchange.request.socket.destroy();
    };
    expect(endings(await run(HandlerConsulRegister(registry), [intents.register("n1", 3)]))).toEqual(["UNAVAILABLE"]);
    expect(await all()).toMatchObject([{ node_id: "n1", version: 3 }]);
    proxy.behaviour = pass;
    expect(endings(await run(HandlerConsulRegister(registry), [intents.register("n1", 3)]))).toEqual(["done"]);
    expect(await all()).toMatchObject([{ node_id: "n1", version: 3, status: "critical" }]);
  });

  it("fails when it arrives after a later write: no service comes back after its removal", async () => {
    let held: Exchange | undefined;
    proxy.behaviour = async (exchange) => {
      if (!writesServices(exchange)) return pass(exchange);
      held = exchange;
    };
    const late = await run(HandlerConsulRegister(registry), [intents.register("n1", 3)], 300);
    expect(endings(late)).toEqual(["UNAVAILABLE"]);
    proxy.behaviour = pass;
    expect(endings(await run(HandlerConsulDeregister(registry), [intents.deregister("n1", 4)]))).toEqual(["done"]);
    const { status, text } = await forward(consul, held as Exchange);
    expect({ status, text }).toMatchObject({ status: 409, text: expect.stringContaining("index is stale") });
    expect(await all()).toEqual([]);
  });

  it("of a process that has ended fails when it arrives after its successor has written", async () => {
    let held: Exchange | undefined;
    proxy.behaviour = async (exchange) => {
      if (!writesServices(exchange)) return pass(exchange);
      held = exchange;
    };
    await run(HandlerConsulRegister(registry), [intents.register("n1", 3)], 300);
    proxy.behaviour = pass;
    const successor = consulCatalog(direct, { ...scope, registration: "txn" })(scope.domain).registry;
    await run(HandlerConsulRegister(successor), [intents.register("n2", 1)]);
    expect((await forward(consul, held as Exchange)).status).toBe(409);
    expect(await all()).toMatchObject([{ node_id: "n2" }]);
  });

  it("of one process does not hold up another one that shares the node", async () => {
    const other = consulCatalog(direct, { ...scope, registration: "txn" })(scope.domain).registry;
    for (let round = 1; round <= 5; round++) {
      const ours = Array.from({ length: 40 }, (_, index) => intents.register(`a${index}`, round));
      const theirs = Array.from({ length: 40 }, (_, index) => intents.register(`b${index}`, round));
      proxy.behaviour = async (exchange) => {
        if (!writesServices(exchange)) return pass(exchange);
        await forward(consul, exchange);
        exchange.request.socket.destroy();
      };
      const [, their] = await Promise.all([
        run(HandlerConsulRegister(registry), ours),
        run(HandlerConsulRegister(other), theirs),
      ]);
      proxy.behaviour = pass;
      expect(endings(their)).toEqual(theirs.map(() => "done"));
      expect(endings(await run(HandlerConsulRegister(registry), ours))).toEqual(ours.map(() => "done"));
    }
    expect((await all()).filter(({ version }) => version === 5)).toHaveLength(80);
  });

  it("does not overwrite a younger version of the service when it arrives late", async () => {
    await run(HandlerConsulRegister(registry), [intents.register("n1", 3)]);
    let held: Exchange | undefined;
    proxy.behaviour = async (exchange) => {
      if (!writesServices(exchange)) return pass(exchange);
      held = exchange;
    };
    await run(HandlerConsulSetStatus(registry), [intents.setStatus("n1", 4, "critical", "late")], 300);
    proxy.behaviour = pass;
    await run(HandlerConsulSetStatus(registry), [intents.setStatus("n1", 5, "passing", "active")]);
    expect((await forward(consul, held as Exchange)).status).toBe(409);
    expect(await all()).toMatchObject([{ version: 5, status: "passing", note: "active" }]);
  });

  it("succeeds again after the node and its services were deleted in Consul", async () => {
    await run(HandlerConsulRegister(registry), [intents.register("n1", 3)]);
    const Node = `rollcall-test-${scope.namespace}`;
    await fetch(`${consul}/v1/catalog/deregister`, { method: "PUT", body: JSON.stringify({ Node }) });
    expect(endings(await run(HandlerConsulSetStatus(registry), [intents.setStatus("n1", 4, "passing")]))).toEqual([
      "done",
    ]);
    expect(endings(await run(HandlerConsulRegister(registry), [intents.register("n1", 4)]))).toEqual(["done"]);
    expect(await all()).toMatchObject([{ node_id: "n1", version: 4 }]);
  });
});
