import { flowNodes } from "../../../app/modules/flow-node/module.ts";
import { nodeRegistry } from "../../../app/modules/node-registry/module.ts";
import parcels from "../../../examples/parcels/module.ts";
import { describeGateway } from "./gateway-conformance.ts";
import { shelf } from "./shelf/module.ts";

const node = (number: number) => ({
  ...{ node_id: `node-${number}`, hostname: `host-${number}`, role: number % 2 === 0 ? "even" : "odd" },
});
const PARCELS = new URL("../../../examples/parcels/contracts/", import.meta.url);
const at = { params: { node_id: "node-1" } };

describeGateway("the node registry", {
  module: nodeRegistry,
  listener: "node_registry",
  requests: [
    ...[1, 2, 3, 4].map((number) => ["registerNode", { body: node(number) }] as const),
    ["beatNode", { body: { node_id: "node-1" } }],
    ["takeNodeOut", { ...at, body: { mode: "draining", reason: "a new disk" } }],
    ["returnNode", { ...at, body: {} }],
    ["revokeNode", at],
    ["readmitNode", { ...at, body: { reason: "it was another one" } }],
    ["setProfile", { params: { role: "odd" }, body: { config: { threads: 4 } } }],
    ["getNode", at],
    ["getProfile", { params: { role: "odd" } }],
  ],
  event: (number) => ["registerNode", { body: node(100 + number) }],
});

const flow = (path: string) => ({
  ...{ path, name: "Trends", source: "trends.yaml", description: "What is asked for", author: "ann@example.com" },
  ...{ organization: "Example", published: "2024-11-12T11:12+00:00", release: "0.1.2" },
});
const flowNode = (number: number, more: object = {}) => ({ body: { node: `flows-${number}.example.com`, ...more } });

describeGateway("the registry of flow nodes", {
  module: flowNodes,
  listener: "flow_registry",
  requests: [
    ...[1, 2, 3, 4, 5].map((number) => ["admitFlowNode", flowNode(number)] as const),
    ...[1, 2, 3, 4, 5].map((number) => {
      const flows = [flow("shared"), flow(`flows.${number}`), { path: "rejected" }];
      return ["connectFlowNode", flowNode(number, { flows })] as const;
    }),
    ["beatFlowNode", flowNode(1, { usage: 0.5 })],
    ["disconnectFlowNode", flowNode(2)],
    ["revokeFlowNode", flowNode(3, { reason: "it has moved" })],
  ],
  event: (number) => ["admitFlowNode", flowNode(100 + number)],
});

describeGateway("the parcels of the example", {
  module: { ...parcels, domains: parcels.domains.map((domain) => ({ ...domain, contracts: PARCELS })) },
  listener: "parcels",
  requests: [
    ...["p-1", "p-2", "p-3", "p-4"].map((parcel_id) => {
      const body = { email: "ann@example.com", items: ["kettle", `lamp for ${parcel_id}`] };
      return ["storeParcel", { params: { parcel_id }, body }] as const;
    }),
    ["collectParcel", { params: { parcel_id: "p-1" } }],
    ["deliverParcel", { params: { parcel_id: "p-5" }, body: { email: "ann@example.com" } }],
    ["redeliverParcel", { params: { parcel_id: "p-1" }, body: { parcel_id: "p-6" } }],
    ["correctEmail", { params: { parcel_id: "p-2" }, body: { email: "anne@example.com" } }],
    ["getParcel", { params: { parcel_id: "p-1" } }],
  ],
  event: (number) => ["storeParcel", { params: { parcel_id: `e-${number}` }, body: { email: "ann@example.com" } }],
});

const book = (number: number, more: object = {}) => ({
  params: { book_id: `b-${number}` },
  body: {
    ...{ title: `Volume ${number}`, pages: 100 - (number % 3), marks: ["a", `m-${number}`], bought_at: null },
    ...(number % 2 === 0 && { bought_at: `2026-01-0${number}T00:00:00.123Z` }),
    ...more,
  },
});

describeGateway("a shelf", {
  module: shelf,
  listener: "shelf",
  requests: [
    ...[1, 2, 3, 4, 5, 6, 7].map((number) => ["putBook", book(number)] as const),
    ["changeBook", book(2, { title: "Another volume" })],
    ["orderBook", { body: { title: "A new one" } }],
    ["lendBook", { query: "book=b-3" }],
    ["dropBook", { params: { book_id: "b-7" } }],
    ["putOwnBook", book(8)],
    ["getBook", { params: { book_id: "b-1" } }],
    ["shareBook", { params: { book_id: "b-1" }, body: { expires_in: "1h" } }],
    ["putBook", book(9, { bought_at: null })],
    ["watchBook", { params: { book_id: "b-9" } }],
    ["getOwnBook", { params: { book_id: "b-1" } }],
  ],
  event: (number) => ["putBook", book(9, { title: `Edition ${number}`, bought_at: null })],
});
