import { describeReal } from "../real/services/describe-real.ts";
import { freshNamespace } from "../real/services/fresh-namespace.ts";
import { answer, type Behaviour, forward, standIn } from "./http-stand-in.ts";
import { describeReconciliation, type ExternalChanges } from "./reconciliation-conformance.ts";

const RUBBISH: Readonly<Record<string, Behaviour>> = {
  "an error": answer(500, "no leader"),
  "a refusal": answer(403, "Permission denied"),
  "a page": answer(200, "<html>hello</html>", "text/html"),
  "other JSON": answer(200, '{"Services":[1,2,3]}', "application/json"),
  "half of it": answer(200, '{"Node":{"Meta":{"rollcall_owner":', "application/json"),
  "30 MB": answer(200, JSON.stringify("x".repeat(30 * 1024 * 1024)), "application/json"),
};

interface Scene {
  readonly namespace: string;
  readonly owner: string;
  readonly foreignId: string;
  readonly put: (path: string, body?: unknown) => Promise<void>;
  readonly get: <Body>(path: string) => Promise<Body>;
}

type Changes = Pick<ExternalChanges, "remove" | "alter" | "leaveBehind" | "wipe" | "putForeign" | "foreign"> & {
  readonly close?: () => Promise<void>;
};

const metaOf = ({ owner }: Scene, nodeId: string) => ({
  rollcall_owner: owner,
  rollcall_version: "1",
  rollcall_node_id: nodeId,
});

/** What others do to services that the agent holds. */
function agentChanges(scene: Scene): Changes {
  const { owner, foreignId, put, get } = scene;
  const ours = async (): Promise<string[]> => {
    const found = await get<Record<string, { ID: string; Meta: Record<string, string> }>>("/v1/agent/services");
    return Object.values(found).flatMap(({ ID, Meta }) => (Meta["rollcall_owner"] === owner ? [ID] : []));
  };
  const register = (id: string, nodeId: string, more: object) =>
    put("/v1/agent/service/register", { ID: id, Name: "onex-effect", Meta: metaOf(scene, nodeId), ...more });
  const removeAll = async (ids: readonly string[]): Promise<void> => {
    for (const id of ids) await put(`/v1/agent/service/deregister/${id}`);
  };
  return {
    remove: (id) => removeAll([id]),
    async alter(id) {
      await register(id, id.replace("onex-effect-", ""), { Address: "192.0.2.66", Tags: ["x"] });
      await put(`/v1/agent/check/update/rollcall:${id}`, { Status: "critical" });
    },
    leaveBehind: (id, nodeId) => register(id, nodeId, { Address: "192.0.2.9" }),
    wipe: async () => removeAll(await ours()),
    putForeign: () => put("/v1/agent/service/register", { ID: foreignId, Name: "onex-effect", Address: "192.0.2.7" }),
    foreign: async () => get(`/v1/agent/service/${foreignId}`),
    close: async () => removeAll([foreignId, ...(await ours())]),
  };
}

/** What others do to services of the external node. */
function transactionChanges(scene: Scene): Changes {
  const { namespace, foreignId, put, get } = scene;
  const node = `rollcall-dev-${namespace}`;
  const set = (ID: string, more: object) =>
    put("/v1/txn", [{ Service: { Verb: "set", Node: node, Service: { ID, Service: "onex-effect", ...more } } }]);
  return {
    remove: (ServiceID) => put("/v1/catalog/deregister", { Node: node, ServiceID }),
    async alter(id) {
      const nodeId = id.replace("onex-effect-", "");
      await set(id, { Meta: metaOf(scene, nodeId), Address: "192.0.2.66", Tags: ["x"] });
      const check = { Node: node, CheckID: `rollcall:${id}`, Name: "mine", Status: "critical", ServiceID: id };
      await put("/v1/txn", [{ Check: { Verb: "set", Check: check } }]);
    },
    leaveBehind: (id, nodeId) => set(id, { Meta: metaOf(scene, nodeId), Address: "192.0.2.9" }),
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
}

function sceneAt(consul: string): Scene {
  const namespace = freshNamespace();
  return {
    namespace,
    owner: `rollcall/dev/${namespace}/registration`,
    foreignId: `foreign-${namespace}`,
    async put(path, body) {
      const text = body === undefined ? {} : { body: JSON.stringify(body) };
      const response = await fetch(`${consul}${path}`, { method: "PUT", ...text });
      if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
    },
    get: async <Body>(path: string) => (await fetch(`${consul}${path}`)).json() as Promise<Body>,
  };
}

describeReal("reconciliation", ({ consul }) => {
  for (const registration of ["txn", "agent"] as const)
    describeReconciliation(`Consul written by ${registration}`, async () => {
      const scene = sceneAt(consul);
      let failure: Behaviour | undefined;
      const front = await standIn(async (exchange) => {
        const isRead = exchange.request.method === "GET" && !exchange.request.url?.startsWith("/v1/status");
        if (failure && isRead) return failure(exchange);
        const { status, text } = await forward(consul, exchange);
        exchange.response.writeHead(status, { "Content-Type": "application/json" }).end(text);
      });
      const changes = registration === "agent" ? agentChanges(scene) : transactionChanges(scene);
      return {
        ...changes,
        environment: {
          CONSUL_HTTP_ADDR: front.address,
          ROLLCALL_NAMESPACE: scene.namespace,
          CONSUL_REGISTRATION: registration,
        },
        failures: Object.keys(RUBBISH),
        fail: async (how: string | undefined) => void (failure = how === undefined ? undefined : RUBBISH[how]),
        async close() {
          await changes.close?.();
          await front.close();
        },
      };
    });
});
