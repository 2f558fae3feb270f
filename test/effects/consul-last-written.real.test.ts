import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { HandlerConsulDeregister } from "../../effects/service-catalog/consul-deregister.effect.ts";
import { HandlerConsulRegister } from "../../effects/service-catalog/consul-register.effect.ts";
import { HandlerConsulSetStatus } from "../../effects/service-catalog/consul-set-status.effect.ts";
import type { ServiceRegistry } from "../../effects/service-catalog/service-registry.ts";
import { ConsulDiscovery } from "../../effects/consul/consul-discovery.ts";
import { ConsulClient } from "../../effects/consul/consul-client.ts";
import { consulCatalog } from "../../effects/consul/consul-catalog.ts";
import type { Intent } from "../../runtime/core/intent.ts";
import { describeReal } from "../real/services/describe-real.ts";
import { freshNamespace } from "../real/services/fresh-namespace.ts";
import { forward, type HttpStandIn, standIn } from "./http-stand-in.ts";
import { endings, run, serviceIntents } from "./intents.ts";

describeReal("A process's memory of its writes to Consul", ({ consul }) => {
  let proxy: HttpStandIn;
  let client: ConsulClient;
  let requests: string[];
  let registry: ServiceRegistry;
  let other: ServiceRegistry;
  let scope: { env: string; namespace: string; domain: string };
  let name: string;
  let intents: ReturnType<typeof serviceIntents>;

  const all = () => new ConsulDiscovery(client, scope).services(name, false);
  const register = async (...given: Intent[]) => endings(await run(HandlerConsulRegister(registry), given));
  const setStatus = async (...given: Intent[]) => endings(await run(HandlerConsulSetStatus(registry), given));
  const deregister = async (...given: Intent[]) => endings(await run(HandlerConsulDeregister(registry), given));
  const byHand = async (...operations: object[]): Promise<void> => {
    const response = await fetch(`${consul}/v1/txn`, { method: "PUT", body: JSON.stringify(operations) });
    if (!response.ok) throw new Error(await response.text());
  };
  const nodeName = () => `rollcall-test-${scope.namespace}`;
  const removeByHand = (nodeId: string) =>
    byHand({ Service: { Verb: "delete", Node: nodeName(), Service: { ID: intents.idOf(nodeId), Service: name } } });

  beforeAll(async () => {
    proxy = await standIn(async (exchange) => {
      requests.push(exchange.body);
      const { status, text } = await forward(consul, exchange);
      exchange.response.writeHead(status, { "Content-Type": "application/json" }).end(text);
    });
    client = new ConsulClient({ address: proxy.address });
  });
  afterAll(async () => {
    client.close();
    await proxy.close();
  });
  beforeEach(() => {
    scope = { env: "test", namespace: freshNamespace(), domain: "registration" };
    name = `onex-${scope.namespace}`;
    intents = serviceIntents(name);
    registry = consulCatalog(client, { ...scope, registration: "txn" })(scope.domain).registry;
    other = consulCatalog(client, { ...scope, registration: "txn" })(scope.domain).registry;
    requests = [];
  });

  it("saves reads: one request writes the statuses of a whole batch, and one each later change", async () => {
    const nodes = Array.from({ length: 62 }, (_, index) => `n${index}`);
    await register(...nodes.map((node) => intents.register(node, 3)));
    requests = [];
    await setStatus(...nodes.map((node) => intents.setStatus(node, 4, "passing")));
    expect(requests).toHaveLength(1);
    await register(intents.register("n1", 5));
    await setStatus(intents.setStatus("n1", 6, "passing"));
    await deregister(intents.deregister("n1", 7));
    await register(intents.register("n1", 8));
    expect(requests).toHaveLength(5);
    expect(requests.join()).not.toContain('"get"');
    expect(await all()).toHaveLength(62);
  });

  it("does not overwrite a younger version that another process wrote", async () => {
    await register(intents.register("n1", 3), intents.register("n2", 3));
    await run(HandlerConsulSetStatus(other), [
      intents.setStatus("n1", 6, "passing"),
      intents.setStatus("n2", 6, "passing"),
    ]);
    expect(await setStatus(intents.setStatus("n1", 4, "critical"))).toEqual(["done"]);
    expect(await register(intents.register("n1", 5, { address: "10.9.9.9" }))).toEqual(["done"]);
    expect(await deregister(intents.deregister("n2", 5))).toEqual(["done"]);
    const left = { address: "10.1.2.3", status: "passing", version: 6 };
    expect(await all()).toMatchObject([left, left]);
  });

  it("is corrected when another process wrote an older version or removed the service", async () => {
    await register(intents.register("n1", 3), intents.register("n2", 3));
    await run(HandlerConsulSetStatus(other), [intents.setStatus("n1", 4, "passing")]);
    await run(HandlerConsulDeregister(other), [intents.deregister("n2", 4)]);
    expect(
      await setStatus(intents.setStatus("n1", 5, "critical", "quiet"), intents.setStatus("n2", 5, "passing")),
    ).toEqual(["done", "done"]);
    expect(await all()).toMatchObject([{ node_id: "n1", status: "critical", note: "quiet", version: 5 }]);
  });

  it.each([5, 4])(
    "does not prevent a service that was removed by hand from being registered again with version %i",
    async (version) => {
      await register(intents.register("n1", 5));
      await removeByHand("n1");
      expect(await register(intents.register("n1", version))).toEqual(["done"]);
      expect(await all()).toMatchObject([{ node_id: "n1", version }]);
    },
  );

  it("does not prevent a check that was removed by hand from being written again", async () => {
    await register(intents.register("n1", 3));
    await byHand({ Check: { Verb: "delete", Check: { Node: nodeName(), CheckID: `rollcall:${intents.idOf("n1")}` } } });
    expect(await setStatus(intents.setStatus("n1", 4, "critical", "quiet"))).toEqual(["done"]);
    expect(await all()).toMatchObject([{ status: "critical", note: "quiet", version: 4 }]);
  });

  it("does not overwrite a service that another owner has put in its place", async () => {
    await register(intents.register("n1", 3));
    const service = { ID: intents.idOf("n1"), Service: name, Address: "192.0.2.7" };
    await byHand({ Service: { Verb: "set", Node: nodeName(), Service: service } });
    expect(await register(intents.register("n1", 4))).toEqual(["CONSUL_REFUSED"]);
    expect(await deregister(intents.deregister("n1", 5))).toEqual(["done"]);
    const response = await fetch(`${consul}/v1/catalog/node/${nodeName()}`);
    expect(await response.json()).toMatchObject({ Services: { [service.ID]: { Address: "192.0.2.7" } } });
  });
});
