import { ConsulClient } from "../../effects/consul/consul-client.ts";
import { consulCatalog } from "../../effects/consul/consul-catalog.ts";
import { describeReal } from "../real/services/describe-real.ts";
import { freshNamespace } from "../real/services/fresh-namespace.ts";
import { describeCatalog } from "./catalog-conformance.ts";

describeReal("Consul", ({ consul }) => {
  const put = async (path: string, body: unknown): Promise<void> => {
    const response = await fetch(`${consul}${path}`, { method: "PUT", body: JSON.stringify(body) });
    if (!response.ok) throw new Error(await response.text());
  };
  const get = async (path: string): Promise<Record<string, unknown>> => {
    const response = await fetch(`${consul}${path}`);
    return response.ok ? ((await response.json()) as Record<string, unknown>) : {};
  };

  describeCatalog("Consul by transactions", { remembersRemovals: false, keepsMeta: true }, async () => {
    const client = new ConsulClient({ address: consul });
    const scope = { env: "test", namespace: freshNamespace() };
    const catalog = consulCatalog(client, { ...scope, registration: "txn" });
    const { registry, discovery } = catalog("registration");
    const node = `rollcall-test-${scope.namespace}`;
    return {
      registry,
      catalog: discovery,
      neighbour: catalog("parcels").registry,
      async putForeign(serviceId, name) {
        // Creates the node, on which the other owner's service is put.
        await registry.apply([{ kind: "deregister", serviceId, version: 1 }], AbortSignal.timeout(5_000));
        const entry = {
          name,
          nodeId: "x",
          tags: [],
          address: null,
          port: null,
          check: { status: "critical", note: "" },
        } as const;
        await registry.apply(
          [{ kind: "register", serviceId: `${serviceId}-x`, version: 1, entry }],
          AbortSignal.timeout(5_000),
        );
        await registry.apply(
          [{ kind: "deregister", serviceId: `${serviceId}-x`, version: 2 }],
          AbortSignal.timeout(5_000),
        );
        await put("/v1/txn", [
          { Service: { Verb: "set", Node: node, Service: { ID: serviceId, Service: name, Address: "192.0.2.7" } } },
        ]);
      },
      async foreignAddress(serviceId) {
        const { Services } = await get(`/v1/catalog/node/${node}`);
        return (Services as Record<string, { Address: string }>)[serviceId]?.Address;
      },
      close: async () => client.close(),
    };
  });

  describeCatalog("Consul by its agent", { remembersRemovals: false, keepsMeta: true }, async () => {
    const client = new ConsulClient({ address: consul });
    const scope = { env: "test", namespace: freshNamespace() };
    const catalog = consulCatalog(client, { ...scope, registration: "agent" });
    const { registry, discovery } = catalog("registration");
    return {
      registry,
      catalog: discovery,
      neighbour: catalog("parcels").registry,
      putForeign: (serviceId, name) =>
        put("/v1/agent/service/register", { ID: serviceId, Name: name, Address: "192.0.2.7" }),
      async foreignAddress(serviceId) {
        return (await get(`/v1/agent/service/${serviceId}`))["Address"] as string | undefined;
      },
      close: async () => client.close(),
    };
  });
});
