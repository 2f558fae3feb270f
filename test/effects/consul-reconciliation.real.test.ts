import { describeReal } from "../real/services/describe-real.ts";
import { freshNamespace } from "../real/services/fresh-namespace.ts";
import { answer, type Behaviour, forward, standIn } from "./http-stand-in.ts";
import { describeReconciliation } from "./reconciliation-conformance.ts";

const RUBBISH: Readonly<Record<string, Behaviour>> = {
  "an error": answer(500, "no leader"),
  "a refusal": answer(403, "Permission denied"),
  "a page": answer(200, "<html>hello</html>", "text/html"),
  "other JSON": answer(200, '{"Services":[1,2,3]}', "application/json"),
  "half of it": answer(200, '{"Node":{"Meta":{"rollcall_owner":', "application/json"),
  "30 MB": answer(200, JSON.stringify("x".repeat(30 * 1024 * 1024)), "application/json"),
};

describeReal("reconciliation", ({ consul }) => {
  for (const registration of ["txn", "agent"] as const)
    describeReconciliation(`Consul written by ${registration}`, async () => {
      const namespace = freshNamespace();
      const owner = `rollcall/dev/${namespace}`;
      const node = `rollcall-dev-${namespace}`;
      let failure: Behaviour | undefined;
      const front = await standIn(async (exchange) => {
        const isRead = exchange.request.method === "GET" && !exchange.request.url?.startsWith("/v1/status");
        if (failure && isRead) return failure(exchange);
        const { status, text } = await forward(consul, exchange);
        exchange.response.writeHead(status, { "Content-Type": "application/json" }).end(text);
      });
      const put = async (path: string, body?: unknown): Promise<void> => {
        const response = await fetch(`${consul}${path}`, {
          method: "PUT",
          ...(body !== undefined && { body: JSON.stringify(body) }),
        });
        if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
      };
      const get = async <Body>(path: string): Promise<Body> =>
        (await fetch(`${consul}${path}`)).json() as Promise<Body>;
      const meta = (nodeId: string) => ({ rollcall_owner: owner, rollcall_version: "1", rollcall_node_id: nodeId });
      const ours = async (): Promise<string[]> => {
        const found = await get<Record<string, { ID: string; Meta: Record<string, string> }>>("/v1/agent/services");
        return Object.values(found).flatMap(({ ID, Meta }) => (Meta["rollcall_owner"] === owner ? [ID] : []));
      };
      const foreignId = `foreign-${namespace}`;
      const environment = {
        CONSUL_HTTP_ADDR: front.address,
        ROLLCALL_NAMESPACE: namespace,
        CONSUL_REGISTRATION: registration,
      };
      const common = {
        environment,
        failures: Object.keys(RUBBISH),
        fail: async (how: string | undefined) => void (failure = how === undefined ? undefined : RUBBISH[how]),
        close: () => front.close(),
      };
      if (registration === "agent") {
        const register = (id: string, nodeId: string, more: object) =>
          put("/v1/agent/service/register", { ID: id, Name: "onex-effect", Meta: meta(nodeId), ...more });
        const removeAll = async (ids: readonly string[]): Promise<void> => {
          for (const id of ids) await put(`/v1/agent/service/deregister/${id}`);
        };
        return {
          ...common,
          remove: (id) => removeAll([id]),
          async alter(id) {
            await register(id, id.replace("onex-effect-", ""), { Address: "192.0.2.66", Tags: ["x"] });
            await put(`/v1/agent/check/update/rollcall:${id}`, { Status: "critical" });
          },
          leaveBehind: (id, nodeId) => register(id, nodeId, { Address: "192.0.2.9" }),
          wipe: async () => removeAll(await ours()),
          putForeign: () =>
            put("/v1/agent/service/register", { ID: foreignId, Name: "onex-effect", Address: "192.0.2.7" }),
          foreign: async () => get(`/v1/agent/service/${foreignId}`),
          close: async () => {
            await removeAll([foreignId, ...(await ours())]);
            await front.close();
          },
        };
      }
      const set = (ID: string, more: object) =>
        put("/v1/txn", [{ Service: { Verb: "set", Node: node, Service: { ID, Service: "onex-effect", ...more } } }]);
      return {
        ...common,
        remove: (ServiceID) => put("/v1/catalog/deregister", { Node: node, ServiceID }),
        async alter(id) {
          const nodeId = id.replace("onex-effect-", "");
          await set(id, { Meta: meta(nodeId), Address: "192.0.2.66", Tags: ["x"] });
          const check = { Node: node, CheckID: `rollcall:${id}`, Name: "mine", Status: "critical", ServiceID: id };
          await put("/v1/txn", [{ Check: { Verb: "set", Check: check } }]);
        },
        leaveBehind: (id, nodeId) => set(id, { Meta: meta(nodeId), Address: "192.0.2.9" }),
        wipe: () => put("/v1/catalog/deregister", { Node: node }),
        putForeign: () =>
          put("/v1/catalog/register", {
            Node: `other-${namespace}`,
            Address: "192.0.2.8",
            Service: { ID: foreignId, Service: "onex-effect", Address: "192.0.2.7" },
          }),
        foreign: async () =>
          (await get<{ Services: Record<string, unknown> }>(`/v1/catalog/node/other-${namespace}`)).Services[foreignId],
      };
    });
});
