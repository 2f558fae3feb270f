import { describe, expect, it } from "vitest";
import { type Edit, editedParcels, inShort } from "./parcels-contracts.ts";
import { LINK_EDITS } from "./shared-parcels.ts";

const found = (...edits: readonly Edit[]) => inShort(editedParcels([...LINK_EDITS, ...edits]));
const FOLLOWS = "follows: { entity: params.parcel_id, from_first: true }";

/** Each has one mistake: what is said about it, and where. */
const MISTAKES: readonly (readonly [what: string, edits: readonly Edit[], ...says: string[]])[] = [
  [
    "an operation that there is not",
    [["opens: [getParcel,", "opens: [getParcl,"]],
    "RC101 19:48 parcel_http has no operation getParcl",
  ],
  [
    "a call that takes no link",
    [["opens: [getParcel,", "opens: [listParcels, getParcel,"]],
    "RC010 19:48 listParcels takes no link: give it identity: { share: query.share }",
  ],
  [
    "a call that no link opens",
    [["opens: [getParcel, watchParcel]", "opens: [getParcel]"]],
    "RC010 26:15 no link opens watchParcel: name it under opens",
  ],
  [
    "a path that a link does not fill",
    [["GET /parcels/{parcel_id}/events", "GET /parcels/{parcel_id}/events/{part}"]],
    "RC107 19:59 nothing fills {part} of watchParcel in a link: it has the entity alone",
  ],
  [
    "an entity that the path does not name",
    [["entity: params.parcel_id, from_first", "entity: query.parcel_id, from_first"]],
    "RC010 24:24 a link is for an entity that the path names: watchParcel",
  ],
  [
    "an entity of another domain",
    [
      [
        "    missing: PARCEL_NOT_FOUND\n  - operation: watchParcel\n",
        "    domain: letters\n  - operation: watchParcel\n",
      ],
    ],
    "RC010 19:48 getParcel is about entities of parcels",
    "RC010 19:59 watchParcel is about entities of parcels",
  ],
  [
    "a parameter that is another one too",
    [[FOLLOWS, "follows: { entity: params.parcel_id, select: { share: entity_id } }"]],
    "RC109 26:24 the query parameter share is declared twice",
  ],
  [
    "a placeholder that the route lacks",
    [["share: { entity: params.parcel_id", "share: { entity: params.parcel"]],
    "RC107 19:22 nothing fills params.parcel: the route has no {parcel}",
  ],
  [
    "a parameter that is no query's",
    [
      [
        `true }\n    missing: PARCEL_NOT_FOUND\n    identity: { share: query.share }`,
        `true }\n    missing: PARCEL_NOT_FOUND\n    identity: { share: params.share }`,
      ],
    ],
    'RC009 26:24 "params.share": it names a query parameter of the request: query.share',
  ],
  ["a time that is too long", [["at_most: 2d", "at_most: 31d"]], 'RC010 19:98 "31d": out of range: 1s to 30d'],
  [
    "a link by GET",
    [["POST /parcels/{parcel_id}/share", "GET /parcels/{parcel_id}/share"]],
    "RC010 17:5 a GET makes no link: use POST, PUT, PATCH or DELETE",
  ],
  [
    "a link to what is of no entity",
    [["route: GET /events\n", "route: GET /events\n    identity: { share: query.share }\n"]],
    "RC010 48:5 it is for the events of one entity: entity is missing",
  ],
  [
    "a first event of no entity",
    [["follows: { select:", "follows: { from_first: true, select:"]],
    "RC010 48:16 it is for the events of one entity: entity is missing",
  ],
  [
    "a key of another deed",
    [["    missing: PARCEL_NOT_FOUND\n  - operation: watchParcel\n", "    etag: true\n  - operation: watchParcel\n"]],
    "RC010 20:5 etag does not go with share",
  ],
  [
    "an entity of several domains",
    [["entity: params.parcel_id, from_first", "domains: [parcels, letters], entity: params.parcel_id, from_first"]],
    "RC010 24:53 an entity is of one domain",
  ],
];

describe("the checks of links", () => {
  it("have nothing to say of links that open something", () => expect(found()).toEqual([]));

  it("take them for all calls of a gateway that are of one entity", () => {
    const own = "    identity: { share: query.share }\n";
    const of = [own, ""] as const;
    const gateway = ["base_path: /v1\n", "base_path: /v1\nidentity: { share: query.share }\n"] as const;
    expect(found(of, of, gateway)).toEqual([]);
    expect(inShort(editedParcels([gateway, ["entity: params.parcel_id", "entity: caller.id"]]))).toEqual([
      "RC010 7:11 no call of the gateway shows or follows one entity",
    ]);
  });

  it.each(MISTAKES.map(([what, edits, ...says]) => ({ what, edits, says })))("report $what", ({ edits, says }) =>
    expect(found(...edits)).toEqual(says),
  );
});
