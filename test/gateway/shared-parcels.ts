import type { Edit } from "./parcels-contracts.ts";

/** Calls of the example by which one parcel is shown and followed, also to whoever has a link. */
const LINK_CALLS = `
  - operation: shareParcel
    route: POST /parcels/{parcel_id}/share
    access: [operator, node]
    share: { entity: params.parcel_id, opens: [getParcel, watchParcel], expires_in: 1h, at_most: 2d }
    missing: PARCEL_NOT_FOUND
  - operation: watchParcel
    route: GET /parcels/{parcel_id}/events
    access: [operator]
    follows: { entity: params.parcel_id, from_first: true }
    missing: PARCEL_NOT_FOUND
    identity: { share: query.share }
`;

const GET = "GET /parcels/{parcel_id}\n";

/** Edits of the example's gateway that add them. */
export const LINK_EDITS: readonly Edit[] = [
  ["      - { state: STORED, view: parcel }\n", `      - { state: STORED, view: parcel }${LINK_CALLS}`],
  [GET, `${GET}    identity: { share: query.share }\n`],
];

const GLANCE = `
  - operation: glanceAtParcel
    route: POST /parcels/{parcel_id}/glance
    access: [operator]
    share: { entity: params.parcel_id, opens: [getParcel] }
`;

export const withLinks = (yaml: string, file: string): string =>
  file === "gateway.yaml"
    ? LINK_EDITS.reduce((text, [replace, by]) => text.replace(replace, () => by), yaml) + GLANCE
    : yaml;
