import { expect, it } from "vitest";
import { flowNodes } from "../../app/modules/flow-node/module.ts";
import { FlowNodesClient } from "../../client/flow-nodes-client.ts";
import { serveModule } from "../gateway/served-module.ts";
import { flow, script, servedNode } from "./served-node.ts";

it("a node is found with its flows at each registry that has admitted it, until it leaves", async () => {
  const registries = await Promise.all([1, 2].map(() => serveModule(flowNodes, { listener: "flow_registry" })));
  const [first, second] = registries.map(({ url }) => url) as [string, string];
  const ask = (url: string, path: string, body: object) =>
    fetch(url + path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  const [name, path] = ["test.example", "example.public.Echo"];
  expect((await ask(first, "/register", { node: name })).status).toBe(201);
  const flows = [flow(path, script(`console.log(JSON.stringify({ result: 1 }))`)), flow("listed.only", undefined)];
  const node = await servedNode(flows, { registries: [first, second].map((url) => ({ url, tokenFile: undefined })) });
  try {
    const client = new FlowNodesClient(first);
    await expect.poll(() => client.getOffers(path)).toMatchObject([{ node: name, alive: true }]);
    const [listed] = await client.getNodes();
    expect(listed?.flows).toEqual(flows.map((each) => each.flow));
    expect(await client.getOffers("example.public.Other")).toEqual([]);
    // Not admitted there: nothing is listed, and it says so.
    const stateAt = async (url: string) => {
      const { registries: known } = (await node.ask("GET", "/state")).body as {
        readonly registries: readonly { readonly url: string; readonly state: string }[];
      };
      return known.find((each) => each.url === url)?.state;
    };
    await expect.poll(() => stateAt(second)).toBe("refused");
    expect(await stateAt(first)).toBe("connected");
    expect(await new FlowNodesClient(second).getNodes()).toEqual([]);

    const directory = await fetch(`${registries[0]?.hostUrl}/api/v1/directory?label=${path}`);
    expect(await directory.json()).toMatchObject({
      items: [{ domain: "flow_node", id: name, kind: "flow_node", labels: [path, "listed.only"], status: "connected" }],
    });
    await node.close();
    await expect.poll(() => client.getNodes()).toMatchObject([{ node: name, online: null }]);
    expect(await client.getOffers(path)).toEqual([]);
  } finally {
    await Promise.all(registries.map((registry) => registry.close()));
  }
});
