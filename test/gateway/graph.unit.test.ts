import { describe, expect, it } from "vitest";
import { buildGraph, renderGraph } from "../../runtime/contract/graph/graph.ts";
import { editedParcels } from "./parcels-contracts.ts";

function graphOf(...edits: Parameters<typeof editedParcels>) {
  const { model } = editedParcels(...edits);
  if (!model) throw new Error("no model");
  return { ...buildGraph(model), mermaid: renderGraph(model, "mermaid") };
}
const linksOf = (...edits: Parameters<typeof editedParcels>): readonly string[] =>
  graphOf(...edits).edges.map(({ from, to, label }) => [from, label, to].filter(Boolean).join(" > "));

describe("a domain's graph", () => {
  it("has what its gateways' calls send and show", () => {
    const links = linksOf();
    for (const link of [
      "call:storeParcel > StoreParcel > topic:{env}.{namespace}.parcels.cmd.v1",
      "entity:parcels > has to be there > call:collectParcel",
      "entity:parcels > call:getParcel",
      "entity:parcels > count_parcels > call:countParcels",
      "projection:parcel_list > call:listParcels",
      "event:ParcelStored > call:watchParcels",
      "event:ParcelReturned > call:watchParcels",
    ])
      expect(links).toContain(link);
  });

  it("has what its projections are made of", () => {
    expect(linksOf()).toContain("entity:parcels > parcel_row > projection:parcel_list");
  });

  it("has another domain where a call asks that one", () => {
    const others = [
      ["    entity: params.parcel_id\n", "    entity: params.parcel_id\n    domain: letters\n"],
      ["follows: { select", "follows: { domains: [parcels, letters], types: [ParcelStored], select"],
    ] as const;
    const links = linksOf(others);
    expect(links).toContain("domain:letters > call:getParcel");
    expect(links).toContain("domain:letters > ParcelStored > call:watchParcels");
    expect(links).not.toContain("event:ParcelReturned > call:watchParcels");
  });

  it("is drawn with them, each with an end", () => {
    const { nodes, edges, mermaid } = graphOf();
    const ids = new Set(nodes.map(({ id }) => id));
    expect(edges.flatMap(({ from, to }) => [from, to]).filter((id) => !ids.has(id))).toEqual([]);
    expect(mermaid).toContain('[/"storeParcel"\\]');
    expect(mermaid).toContain('[\\"parcel_list"/]');
  });
});
