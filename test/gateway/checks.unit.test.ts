import { describe, expect, it } from "vitest";
import { checkBetweenDomains } from "../../runtime/contract/checks/check-between-domains.ts";
import type { DomainModel } from "../../runtime/contract/model/domain-model.ts";
import { contentHash } from "../../runtime/contract/reading/contract-set.ts";
import { type Edit, editedParcels, inShort } from "./parcels-contracts.ts";

const found = (...edits: readonly Edit[]) => inShort(editedParcels(edits));
const STORED = "      - { state: STORED, view: parcel }\n";
const ANY = '{ state: "*", status: 409 }';

/** Each has one mistake: what is said about it, and where. */
const MISTAKES: readonly (readonly [what: string, edits: readonly Edit[], says: string])[] = [
  ["an unknown key", [["etag: true", "etags: true"]], "RC005 28:5 unknown key etags"],
  [
    "no access",
    [
      ["access: [reader, operator]\n", ""],
      ["GET /parcels/{parcel_id}\n", "GET /parcels/{parcel_id}\n    access: [reader]\n"],
      ["GET /events\n", "GET /events\n    access: [reader]\n"],
      ["GET /parcels\n", "GET /parcels\n    access: [reader]\n"],
    ],
    "RC006 9:5 who may call it? access is missing, here and in the gateway",
  ],
  [
    "a call that does nothing",
    [["    entity: params.parcel_id\n    view: parcel\n    etag: true\n    missing: PARCEL_NOT_FOUND\n", ""]],
    "RC006 24:5 a call does one thing: message, entity, projection, call, follows or share is missing",
  ],
  [
    "a call that does two things",
    [["    etag: true\n", "    call: count_parcels\n"]],
    "RC010 28:5 a call does one thing: entity or call, not both",
  ],
  [
    "a network that is none",
    [["port: 9210", "port: 9210, networks: [10.0.0.0/33]"]],
    'RC009 5:51 "10.0.0.0/33": a network is an address, alone or with the length of its prefix: ' +
      "10.0.0.0/8, 2001:db8::/32",
  ],
  ["a key of another deed", [["    etag: true\n", "    wait: none\n"]], "RC010 28:5 wait does not go with entity"],
  [
    "a GET that publishes",
    [["PUT /parcels/{parcel_id}", "GET /stored/{parcel_id}"]],
    "RC010 11:5 a GET publishes nothing: use POST, PUT, PATCH or DELETE",
  ],
  ["a POST that only reads", [["GET /parcels/count", "POST /parcels/count"]], "RC010 31:5 what only reads is a GET"],
  [
    "a GET that acts",
    [["    call: { application/json: count_parcels", "    acts: true\n    call: { application/json: count_parcels"]],
    "RC010 31:5 a GET does nothing: use POST, PUT, PATCH or DELETE",
  ],
  ["what acts, of another deed", [["    etag: true\n", "    acts: true\n"]], "RC010 28:5 acts does not go with entity"],
  ["an entity without a view", [["    view: parcel\n", ""]], "RC006 24:5 the key view is missing"],
  [
    "a message without replies",
    [["    replies:\n      - { event: ParcelStored, status: 201, view: parcel }\n" + STORED, ""]],
    "RC006 10:5 the key replies is missing",
  ],
  [
    "replies that nobody waits for",
    [["    message: StoreParcel\n", "    message: StoreParcel\n    wait: none\n"]],
    "RC010 14:5 nothing is waited for: the answer is always 202",
  ],
  [
    "a comparison that nobody waits for",
    [
      [
        "    message: StoreParcel\n    replies:",
        "    message: StoreParcel\n    wait: none\n    if_match: true\n    replies:",
      ],
      ["    replies:\n      - { event: ParcelStored, status: 201, view: parcel }\n" + STORED, ""],
    ],
    "RC010 14:5 the turn decides whether it is 412, and nothing is waited for",
  ],
  [
    "a comparison for what only reads",
    [["    etag: true\n", "    if_match: true\n"]],
    "RC010 28:5 if_match does not go with entity",
  ],
  [
    "a reply to a comparison that is not made",
    [[ANY, '{ state: "*", status: 409 }\n      - { refusal: SEQ_CHANGED }']],
    "RC402 24:20 CollectParcel is never declined with SEQ_CHANGED",
  ],
  [
    "a reply for two things",
    [[ANY, '{ state: "*", event: ParcelCollected, status: 409 }']],
    "RC010 23:11 a reply is for one of event, state, refusal, dead_letter, not for both",
  ],
  [
    "a reply for nothing",
    [[ANY, "{ status: 409 }"]],
    "RC006 23:9 a reply is for one of event, state, refusal, dead_letter: it is missing",
  ],
  [
    "any state beside others",
    [['state: "*"', 'state: ["*", null]']],
    `RC010 23:19 "*" can't be listed with other states: it already covers all`,
  ],
  [
    "a route without a method",
    [["GET /events", "/events"]],
    'RC009 35:12 "/events": a route is a method and a path: GET /parcels/{parcel_id}',
  ],
  [
    "an origin with a path",
    [["port: 9210", 'port: 9210, origins: ["https://ops.example/x"]']],
    'RC009 5:50 "https://ops.example/x": an origin is a scheme and a host in lower case: https://ops.example.com',
  ],
  [
    "an outcome without a reply",
    [["      - { event: ParcelCollected, view: parcel }\n", ""]],
    "RC401 21:5 no reply fits ParcelCollected, to which CollectParcel leads",
  ],
  ["a state without a reply", [[STORED, ""]], "RC401 13:5 no reply fits StoreParcel in STORED"],
  [
    "states without a reply",
    [['state: "*"', "state: COLLECTED"]],
    "RC401 21:5 no reply fits CollectParcel in null and RETURNED",
  ],
  [
    "an awaited event without a reply",
    [["    message: StoreParcel\n", "    message: StoreParcel\n    wait: { until: [ParcelReturned] }\n"]],
    "RC401 13:21 no reply fits ParcelReturned, which is waited for",
  ],
  [
    "an awaited event that there is not",
    [["    message: StoreParcel\n", "    message: StoreParcel\n    wait: { until: [ParcelReturnd, ParcelStored] }\n"]],
    "RC101 13:21 no event ParcelReturnd under published_events",
  ],
  [
    "a reply to an event that never comes",
    [[ANY, '{ state: "*", status: 409 }\n      - { event: ParcelReturned }']],
    "RC402 24:18 CollectParcel never leads to ParcelReturned",
  ],
  [
    "a reply in a state that leads to an event",
    [["state: STORED", "state: [STORED, COLLECTED]"]],
    "RC402 15:27 StoreParcel always leads to an event in COLLECTED",
  ],
  [
    "a reply to a refusal that never comes",
    [[ANY, '{ state: "*", status: 409 }\n      - { refusal: ENDED }']],
    "RC402 24:20 CollectParcel is never declined with ENDED",
  ],
  [
    "a reply behind one that takes all",
    [[ANY, '{ state: "*", status: 409 }\n      - { state: RETURNED }']],
    "RC402 24:18 an earlier reply fits all of it",
  ],
  [
    "a placeholder that the route lacks",
    [["exists: { id: params.parcel_id", "exists: { id: params.parcel"]],
    "RC107 20:19 nothing fills params.parcel: the route has no {parcel}",
  ],
  [
    "a placeholder twice",
    [["POST /parcels/{parcel_id}/collection", "POST /parcels/{parcel_id}/{parcel_id}"]],
    "RC109 17:12 {parcel_id} stands twice in the route",
  ],
  [
    "an unknown message",
    [["message: StoreParcel", "message: StorParcel"]],
    "RC101 12:14 parcels consumes no StorParcel",
  ],
  [
    "an unknown view",
    [["    view: parcel\n    etag", "    view: parcell\n    etag"]],
    "RC101 27:11 no view parcell in code",
  ],
  [
    "an unknown call function",
    [["text/plain: count_as_text", "text/plain: count_as_txt"]],
    "RC101 33:58 no call function count_as_txt in code",
  ],
  [
    "an unknown type in a stream",
    [["follows: {", "follows: { types: [ParcelStord],"]],
    "RC101 36:24 parcels publishes no ParcelStord",
  ],
  [
    "a parameter by which no event is found",
    [["select: { parcel_id: entity_id }", "select: { parcel_id: entity_ids }"]],
    "RC101 36:37 no event that is followed has the field entity_ids",
  ],
  [
    "a parameter that leaves events out",
    [["select: { parcel_id: entity_id }", "select: { email: email }"]],
    "RC101 36:33 ?email= leaves out every ParcelCollected, which has no email",
  ],
  [
    "an operation twice",
    [["operation: countParcels", "operation: getParcel"]],
    "RC109 30:16 the operation getParcel is declared twice",
  ],
  [
    "two routes that meet",
    [["GET /parcels/count", "GET /parcels/{id}"]],
    "RC109 31:12 GET /v1/parcels/{id} is declared twice",
  ],
];

describe("a gateway's checks", () => {
  it("have nothing to say about what is right", () => expect(found()).toEqual([]));

  it.each(MISTAKES)("report %s", (_, edits, says) => expect(found(...edits)).toEqual([says]));

  it("take a parameter that stands for one of several fields, or for a field of all types that are named", () => {
    expect(found(["parcel_id: entity_id", "parcel_id: [email, entity_id]"])).toEqual([]);
    expect(
      found([
        "follows: { select: { parcel_id: entity_id }",
        "follows: { types: [ParcelStored], select: { email: email }",
      ]),
    ).toEqual([]);
  });
  it("keep the name of the host's own port for it", () =>
    expect(found(["name: parcels, port", "name: main, port"])).toEqual([
      "RC010 5:19 main is the host's own port: give the listener another name, and join it by ROLLCALL_LISTENERS",
    ]));

  it("take a reply to a comparison that is made", () =>
    expect(
      found(
        ["    access: [operator]\n", "    access: [operator]\n    if_match: true\n"],
        [ANY, '{ state: "*", status: 409 }\n      - { refusal: SEQ_CHANGED, status: 409 }'],
      ),
    ).toEqual([]));

  it("give both places of two routes that meet", () => {
    const { diagnostics } = editedParcels([["GET /parcels/count", "GET /parcels/{id}"]]);
    expect(diagnostics[0]?.related).toEqual([
      { file: "gateway.yaml", line: 25, column: 12, message: "declared here first" },
    ]);
  });

  it("give the row that a missing reply is for", () => {
    const { diagnostics } = editedParcels([[STORED, ""]]);
    expect(diagnostics[0]?.related).toMatchObject([{ file: "orchestrator.yaml", message: "decided here" }]);
  });

  it("report code that no gateway names, where the gateway is", () => {
    const unused = () => ({});
    for (const [kind, says] of [
      ["requests", "request function unused"],
      ["views", "view unused"],
      ["calls", "call function unused"],
      ["errors", "errors function unused"],
      ["rowViews", "row view unused"],
      ["shapes", "shape unused"],
    ] as const) {
      const own = editedParcels([], {
        [kind]: { parcel: unused, count_parcels: unused, count_as_text: unused, unused },
        ...(kind !== "views" && { [kind]: { count_parcels: unused, count_as_text: unused, unused } }),
        ...(kind !== "calls" && kind !== "views" && { [kind]: { unused } }),
        ...(kind === "views" && { views: { parcel: unused, unused } }),
      });
      expect(inShort(own)).toEqual([`RC101 1:7 ${says} is in code, but no contract names it`]);
    }
  });

  it("take a literal in the path before a placeholder: the two don't meet", () =>
    expect(found(["GET /parcels/count", "GET /parcels/{parcel_id}/count"])).toEqual([]));
});

describe("gateways of two domains of a process", () => {
  const model = (...edits: readonly Edit[]): DomainModel => {
    const { model: made, diagnostics } = editedParcels(edits);
    if (!made) throw new Error(JSON.stringify(diagnostics));
    return made;
  };
  const other = (...edits: readonly Edit[]): DomainModel => {
    const made = model(...edits);
    return { ...made, set: { ...made.set, domain: "letters" } };
  };
  const between = (first: DomainModel, second: DomainModel) =>
    [...checkBetweenDomains(second, [first, second], { env: "dev", namespace: "" })]
      .filter(({ code }) => code !== "RC111")
      .map(({ code, line, message }) => `${code} ${line} ${message}`);

  const operations = ["storeParcel", "collectParcel", "getParcel", "countParcels", "watchParcels", "listParcels"];
  const renamed = operations.map((name): Edit => [`operation: ${name}`, `operation: ${name}Two`]);

  it("are not on one port under two names", () => {
    const letters = other(["name: parcels,", "name: letters,"], ...renamed);
    expect(between(model(), letters)).toEqual(["RC010 5 port 9210 is that of another listener"]);
  });

  it.each([
    ["networks", "[10.0.0.0/8, 127.0.0.1]", "[127.0.0.1, 10.0.0.0/8]", "[127.0.0.1]"],
    [
      "origins",
      '["https://a.example", "https://b.example"]',
      '["https://b.example", "https://a.example"]',
      '["https://a.example"]',
    ],
  ])("have the same %s where they have one port", (key, first, same, less) => {
    const letters = (value: string) =>
      other(["port: 9210", `port: 9210, ${key}: ${value}`], ["base_path: /v1", "base_path: /v2"], ...renamed);
    const parcels = model(["port: 9210", `port: 9210, ${key}: ${first}`]);
    expect(between(parcels, letters(same))).toEqual([]);
    for (const one of [parcels, model()])
      expect(between(one, letters(less))).toEqual([`RC010 5 the listener parcels has other ${key} elsewhere`]);
  });

  it("don't have an operation or a route of one another", () => {
    const said = between(model(), other());
    expect(said).toContain("RC109 10 the operation storeParcel is declared twice");
    expect(said).toContain("RC109 11 PUT /v1/parcels/{parcel_id} is declared twice");
  });

  it("name messages of one another, which have to be there", () => {
    const asking = model(["    message: StoreParcel\n", "    message: StoreParcel\n    domain: letters\n"]);
    expect([...checkBetweenDomains(asking, [asking])].map(({ line, message }) => `${line} ${message}`)).toEqual([
      "13 no domain letters is served with this one: known are parcels",
    ]);
    const letters = { ...other(), gateways: [] };
    expect(between(letters, asking)).toEqual([]);
    const unknown = { ...letters, consumed: [] };
    expect(between(unknown, asking)).toEqual(["RC101 12 letters consumes no StoreParcel"]);
  });
});

it("a gateway does not count for the hash of a domain's contracts", () => {
  const hash = (...edits: readonly Edit[]) => contentHash(editedParcels(edits).model!.set);
  expect(hash(["base_path: /v1", "base_path: /v2"])).toBe(hash());
});
