import { setTimeout as sleep } from "node:timers/promises";
import type { RealWorld } from "../../blackbox/registration/real-world.ts";
import type { Fault } from "../fault.ts";
import { MODES, startConsulProxy } from "./proxy.ts";

const misbehaving: Fault = {
  name: "consul-misbehaves",
  what: `Consul is in turn ${MODES.join(", ")} (20 s a call, 30 MB), 10 s each`,
  criterion: "G11: nobody rejected or dead-lettered; G10",
  async run(stage) {
    const consul = await startConsulProxy(stage.services.consul);
    stage.atEnd(() => consul.close());
    const world = await stage.world({ environment: { CONSUL_HTTP_ADDR: consul.address } });
    const load = stage.load(world, { entities: 200, rate: 2 });
    const spoiled: Record<string, number> = {};
    for (const mode of MODES) {
      await sleep(3_000);
      const before = consul.spoiled;
      consul.be(mode);
      await sleep(10_000);
      consul.be("well");
      spoiled[`met ${mode}`] = consul.spoiled - before;
      stage.expect(consul.spoiled > before, `nothing was asked of Consul while it was ${mode}`);
    }
    return { ...spoiled, ...(await stage.settle(world, [load])) };
  },
};

const wiped: Fault<RealWorld> = {
  name: "consul-wiped",
  what: "all of Rollcall's entries in Consul are deleted by someone else; a foreign service stays",
  criterion: "G10: all back within 60 s, the foreign one untouched",
  async run(stage) {
    const world = await stage.world();
    const { consul } = stage.services;
    const load = stage.load(world, { entities: 100, rate: 20 });
    await stage.untilDone(world, load.entities);
    const put = (path: string, body: object): Promise<Response> =>
      fetch(`${consul}${path}`, { method: "PUT", body: JSON.stringify(body) });
    const foreign = `foreign-${world.namespace}`;
    await put("/v1/catalog/register", { Node: foreign, Address: "10.9.9.9", Service: { ID: foreign, Service: "web" } });
    stage.atEnd(() => put("/v1/catalog/deregister", { Node: foreign }));
    const told = async (): Promise<string[]> => [await (await fetch(`${consul}/v1/catalog/node/${foreign}`)).text()];
    const planted = await told();
    const startedMs = performance.now();
    await put("/v1/catalog/deregister", { Node: world.consulNode });
    const settled = await stage.settle(world, [load], { foreign: { planted, found: await told() } });
    return { agreedAfterSeconds: Math.round((performance.now() - startedMs) / 1_000), ...settled };
  },
};

export const consulFaults: readonly Fault<RealWorld>[] = [misbehaving, wiped];
