import { z } from "zod";
import type { ModuleCode } from "../../app/host/module.ts";
import { shape } from "../../runtime/core/gateway-code.ts";
import { row } from "../../runtime/core/projection.ts";

/** A projection of the parcels, and calls that list it. */
export const VIEWS_FILE = {
  "views.yaml": `name: parcel_views
node_type: COMPUTE
contract_version: { major: 1, minor: 0, patch: 0 }
domain: parcels
projections:
  - name: parcel_list
    version: 1
    row: parcel_row
    key: parcel_id
    index: { size: btree, status: btree, marks: gin, stored_at: btree, fragile: btree }
    live: { seen_at: last_seen }
`,
};

export const LIST_CALLS = `
  - operation: searchParcels
    route: GET /search
    projection: parcel_list
    view: listed_parcel
    filters:
      status: status
      of: { column: status, test: any }
      from: { column: size, test: from }
      mark: { column: marks, test: all }
      begins: { column: parcel_id, test: prefix }
      since: { column: stored_at, test: from }
      fragile: fragile
    where: { status: [STORED, RETURNED] }
    sort: { by: [size, stored_at, parcel_id], names: { by: sortBy } }
    page: { style: cursor, names: { page: after }, max: 100 }
    shape: parcel_page
  - { operation: listAll, route: GET /all, projection: parcel_list, all_entities: true, view: big_parcel,
      sort: { by: [size], default: size }, page: { style: offset, default: none }, filters: { status: status } }
  - { operation: listPages, route: GET /pages, projection: parcel_list, view: big_parcel,
      hide: { status: COLLECTED, marks: [lost], unless: hidden }, page: { style: page, default: 2 } }
`;

export const LISTED_CODE: Partial<ModuleCode> = {
  rows: {
    parcel_row: row({
      version: 1,
      shape: z.object({
        ...{ size: z.int(), status: z.string(), marks: z.array(z.string()), note: z.string().nullable() },
        ...{ stored_at: z.iso.datetime().nullable(), fragile: z.boolean() },
      }),
      of: ({ state }) => ({ size: 0, status: state, marks: [], note: null, stored_at: null, fragile: false }),
    }),
  },
  rowViews: {
    listed_parcel: ({ parcel_id, size }) => ({ parcel_id: parcel_id ?? null, size: size ?? null }),
    big_parcel: ({ parcel_id }) => ({ parcel_id: parcel_id ?? null }),
  },
  shapes: {
    parcel_page: shape(
      { query: z.strictObject({ bare: z.literal("true").optional() }) },
      ({ rows, total, page: { next, size }, query: { bare } }) =>
        bare ? rows : { parcels: rows, total, next: next ?? null, size: size ?? null },
    ),
  },
};
