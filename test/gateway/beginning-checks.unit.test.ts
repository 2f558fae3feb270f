import { z } from "zod";
import { describe, expect, it } from "vitest";
import { row } from "../../runtime/core/projection.ts";
import { type Edit, editedParcels, inShort } from "./parcels-contracts.ts";

const FOLLOWS = "follows: { select: { parcel_id: entity_id } }";
const code = {
  rowViews: { told: () => ({}) },
  rows: {
    parcel_row: row({
      version: 1,
      shape: z.object({ status: z.string(), email: z.string(), size: z.int() }),
      of: ({ state }) => ({ status: state, email: "", size: 1 }),
    }),
  },
};
const begins = (follows: string): Edit => [FOLLOWS, `follows: { ${follows} }`];
const found = (...edits: readonly Edit[]) => inShort(editedParcels(edits, code));
const BY_ID = "select: { parcel_id: entity_id }";
const ROWS = "projection: parcel_list, view: told, if: rows";

/** Each has one mistake: what is said about it, and where. */
const MISTAKES: readonly { readonly what: string; readonly follows: string; readonly says: readonly string[] }[] = [
  {
    what: "a projection that there is not",
    follows: `begins_with: { projection: parcel_lists, view: told }, ${BY_ID}`,
    says: ["RC101 36:43 parcels has no projection parcel_lists"],
  },
  {
    what: "a projection of a domain that is not followed",
    follows: `begins_with: { projection: letters, view: told, domain: letters }, ${BY_ID}`,
    says: ["RC010 36:72 its rows are of letters, whose events are not followed"],
  },
  {
    what: "rows without a view",
    follows: `begins_with: { projection: parcel_list }, ${BY_ID}`,
    says: ["RC006 36:16 the key view is missing"],
  },
  {
    what: "a view that there is not",
    follows: `begins_with: { projection: parcel_list, view: tolt }, ${BY_ID}`,
    says: ["RC101 36:62 no row view tolt in code"],
  },
  {
    what: "a parameter that is another one too",
    follows: `begins_with: { projection: parcel_list, view: told, if: parcel_id }, ${BY_ID}`,
    says: ["RC109 36:72 the query parameter parcel_id is declared twice"],
  },
  {
    what: "a parameter that narrows no rows",
    follows: `begins_with: { ${ROWS} }, types: [ParcelReturned], select: { until: stored_until }`,
    says: ["RC101 36:122 ?until= narrows no rows: parcel_list has no column stored_until"],
  },
  {
    what: "a column without an index",
    follows: `begins_with: { ${ROWS} }, types: [ParcelStored], select: { email: email }`,
    says: ["RC403 36:120 email of parcel_list has no index"],
  },
  {
    what: "rows and a first event",
    follows: `begins_with: { ${ROWS} }, entity: query.id, from_first: true`,
    says: ["RC010 36:29 a stream begins with rows or with the first event, not with both"],
  },
];

describe("the checks of what a stream begins with", () => {
  it("have nothing to say of rows that its parameters narrow", () =>
    expect(found(begins(`begins_with: { ${ROWS} }, ${BY_ID}`))).toEqual([]));

  it.each(MISTAKES)("report $what", ({ follows, says }) => expect(found(begins(follows))).toEqual(says));
});
