import { describe, expect, it } from "vitest";
import { z } from "zod";
import { directoryRow } from "../../runtime/core/directory.ts";
import { row } from "../../runtime/core/projection.ts";
import { editedParcels, inShort, PARCELS_CODE } from "../gateway/parcels-contracts.ts";

const entry = { name: "a", kind: "b", endpoints: [], labels: [], status: "c", since: "2026-01-31T12:00:00Z" };
const listed = directoryRow({ version: 1, of: () => entry });
const INDEX = "{ name: btree, kind: btree, status: btree, labels: gin }";

const found = (projection: string, made = listed) => {
  const views = `name: parcel_views
node_type: COMPUTE
contract_version: { major: 1, minor: 0, patch: 0 }
domain: parcels
projections:
  - { name: parcel_list, version: 1, row: parcel_row, key: parcel_id, index: { status: btree } }
  - { name: directory, version: 1, row: listed, ${projection} }
`;
  return inShort(editedParcels([], { rows: { ...PARCELS_CODE.rows, listed: made } }, { "views.yaml": views }));
};

describe("a domain's part of the directory", () => {
  it("is that of all domains", () => expect(found(`key: id, index: ${INDEX}`)).toEqual([]));

  it("has no key, index or function of its own", () => {
    expect(found(`key: parcel_id, index: ${INDEX}`)).toEqual([
      "views.yaml RC131 7:54 the key of the directory is id, in each domain",
    ]);
    expect(found("key: id, index: { kind: btree }")).toEqual([
      "views.yaml RC131 7:13 the directory has the same columns and indexes in each domain",
    ]);
    const other = row({ version: 1, shape: z.object({ kind: z.string() }), of: () => ({ kind: "" }) });
    expect(found("key: id, index: { kind: btree }", other)).toEqual([
      "views.yaml RC131 7:41 all domains have one directory: make listed with directoryRow()",
    ]);
  });
});
