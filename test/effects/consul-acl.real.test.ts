import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ConsulDiscovery } from "../../effects/consul/consul-discovery.ts";
import { ConsulClient } from "../../effects/consul/consul-client.ts";
import { HandlerConsulDeregister } from "../../effects/service-catalog/consul-deregister.effect.ts";
import { HandlerConsulRegister } from "../../effects/service-catalog/consul-register.effect.ts";
import { HandlerConsulSetStatus } from "../../effects/service-catalog/consul-set-status.effect.ts";
import { consulCatalog } from "../../effects/consul/consul-catalog.ts";
import { consulProgram } from "../real/services/consul-download.ts";
import { describeReal } from "../real/services/describe-real.ts";
import { freePorts } from "../real/services/free-ports.ts";
import { waitUntil } from "../real/services/wait-until.ts";
import { blockOf } from "../security/guide.ts";
import { endings, run, serviceIntents } from "./intents.ts";

const master = "0b5e0000-0000-4000-8000-000000000001";

const policies = {
  // The policies of the security guide, for another environment.
  txn: blockOf("Consul", "hcl").replace("rollcall-dev", "rollcall-test"),
  agent: blockOf("Consul", "hcl agent"),
  readOnly: 'node_prefix "" { policy = "read" } service_prefix "" { policy = "read" }',
  otherServices: 'node "rollcall-test" { policy = "write" } service_prefix "other-" { policy = "write" }',
  otherNode: 'node "rollcall-prod" { policy = "write" } service_prefix "onex-" { policy = "write" }',
};

describeReal("A Consul with ACLs whose default policy is deny", () => {
  let address: string;
  let agent: ChildProcess | undefined;
  const dataDir = mkdtempSync(join(tmpdir(), "rollcall-consul-acl-"));
  const tokens = {} as Record<keyof typeof policies, string>;
  const intents = serviceIntents("onex-effect");
  const scope = { env: "test", namespace: "", domain: "registration" };

  const put = async (path: string, body: object): Promise<Record<string, string>> => {
    const request = { method: "PUT", headers: { "X-Consul-Token": master }, body: JSON.stringify(body) };
    const response = await fetch(address + path, request);
    if (!response.ok) throw new Error(await response.text());
    return (await response.json()) as Record<string, string>;
  };

  beforeAll(async () => {
    if (!existsSync(consulProgram)) return;
    const ports = await freePorts(["http", "server", "serf"]);
    address = `http://127.0.0.1:${ports.http}`;
    const hcl =
      "disable_update_check=true performance { raft_multiplier = 1 } acl { enabled = true " +
      `default_policy = "deny" tokens { master = "${master}" agent = "${master}" } }`;
    agent = spawn(
      consulProgram,
      [
        ...["agent", "-server", "-bootstrap-expect=1", "-node=machine", `-data-dir=${dataDir}`, "-bind=127.0.0.1"],
        ...[`-http-port=${ports.http}`, `-server-port=${ports.server}`, `-serf-lan-port=${ports.serf}`],
        ...["-serf-wan-port=-1", "-grpc-port=-1", "-dns-port=-1", `-hcl=${hcl}`],
      ],
      { stdio: "ignore" },
    );
    for (const [name, Rules] of Object.entries(policies) as [keyof typeof policies, string][]) {
      await waitUntil(() => put("/v1/acl/policy", { Name: name, Rules }), { what: "Consul's ACL", timeoutMs: 30_000 });
      tokens[name] = (await put("/v1/acl/token", { Policies: [{ Name: name }] }))["SecretID"] ?? "";
    }
  });
  afterAll(() => {
    agent?.kill("SIGKILL");
    rmSync(dataDir, { recursive: true, force: true });
  });

  it.for(["txn", "agent"] as const)(
    "is usable with a token that may only write our services: %s",
    async (way, { skip }) => {
      skip(agent === undefined, "Consul runs in Docker here");
      const client = new ConsulClient({ address, token: tokens[way] });
      const registry = consulCatalog(client, { ...scope, registration: way })(scope.domain).registry;
      const node = `${way}1`;
      const catalog = new ConsulDiscovery(client, scope);
      expect(endings(await run(HandlerConsulRegister(registry), [intents.register(node, 1)]))).toEqual(["done"]);
      expect(endings(await run(HandlerConsulSetStatus(registry), [intents.setStatus(node, 2, "passing")]))).toEqual([
        "done",
      ]);
      await expect.poll(() => catalog.services("onex-effect", true)).toMatchObject([{ node_id: node, version: 2 }]);
      expect(endings(await run(HandlerConsulDeregister(registry), [intents.deregister(node, 3)]))).toEqual(["done"]);
      await expect.poll(() => catalog.services("onex-effect", false)).toEqual([]);
      expect(await catalog.probe()).toEqual({ version: expect.any(String) });
      client.close();
    },
  );

  it.for(["txn", "agent"] as const)(
    "does not let that token write other services, keys or policies: %s",
    async (way, { skip }) => {
      skip(agent === undefined, "Consul runs in Docker here");
      const foreign = async (path: string, body: object): Promise<number> => {
        const headers = { "X-Consul-Token": tokens[way] };
        return (await fetch(address + path, { method: "PUT", headers, body: JSON.stringify(body) })).status;
      };
      expect(await foreign("/v1/agent/service/register", { Name: "payments-db" })).toBe(403);
      expect(
        await foreign("/v1/catalog/register", {
          Node: "machine",
          Address: "10.0.0.1",
          Service: { Service: "payments-db" },
        }),
      ).toBe(403);
      expect(await foreign("/v1/kv/secret", {})).toBe(403);
      expect(await foreign("/v1/acl/token", {})).toBe(403);
    },
  );

  it.for([
    ["txn", "readOnly"],
    ["txn", "otherServices"],
    ["txn", "otherNode"],
    ["agent", "readOnly"],
    ["agent", "otherServices"],
    ["txn", "nonsense"],
    ["agent", "nonsense"],
  ] as const)(
    "does not make a node refused for good because of its token: %s with %s",
    async ([way, name], { skip }) => {
      skip(agent === undefined, "Consul runs in Docker here");
      const token = name === "nonsense" ? "0b5e0000-0000-4000-8000-00000000dead" : tokens[name];
      const client = new ConsulClient({ address, token });
      const registry = consulCatalog(client, { ...scope, registration: way })(scope.domain).registry;
      const [outcome] = await run(HandlerConsulRegister(registry), [intents.register("n9", 1)]);
      expect(outcome).toMatchObject({ done: false, fault: { code: "UNAVAILABLE", retryable: true } });
      expect(outcome?.fault?.message).toMatch(/denied|ACL not found|may not read/);
      client.close();
    },
  );
});
