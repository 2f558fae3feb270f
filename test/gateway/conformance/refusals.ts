import { Ajv2020 } from "ajv/dist/2020.js";
import type { JsonSchema } from "../../../runtime/contract/documents/payload-schema.ts";
import type { CallSpec, EntityRef, ListCall } from "../../../runtime/core/gateway.ts";
import { encodeCursor } from "../../../runtime/gateway/list-request.ts";
import { RouteTable } from "../../../runtime/gateway/route-table.ts";
import { type DescribedCall, requestOf, type Sent, withQuery } from "./described-calls.ts";

/** Somebody who sends a request: a role's token, none, or one that nobody was given. */
export type Sender = "operator" | "reader" | "node" | "nobody" | "stranger";

/** A request that is answered with a problem and changes nothing. */
export interface Refusal {
  readonly what: string;
  readonly sent: Sent;
  readonly as: Sender;
  /** Of the problem. */
  readonly kind: string;
  readonly code?: string | undefined;
  /** It is not for the call, so that OpenAPI says nothing of its answer. */
  readonly isElsewhere?: true;
  /** The part of the request that the problem has to name. */
  readonly place?: { readonly pointer: string } | { readonly parameter: string };
}
interface Case extends Omit<Refusal, "sent" | "as"> {
  /** What is other than in the sample; a header that is undefined is left out. */
  readonly sent: Partial<Omit<Sent, "headers">> & { readonly headers?: Readonly<Record<string, string | undefined>> };
  readonly as?: Sender;
}

const ID_TOO_LONG = "x".repeat(300);
const NOBODY = "conformance-nobody";
const FIELD = "conformance_field";
const ROLES = ["reader", "node"] as const;
const METHODS = ["DELETE", "PATCH", "PUT", "POST", "GET"];

/** @param calls of the same listener */
export function refusalsOf(described: DescribedCall, calls: readonly CallSpec[]): readonly Refusal[] {
  const sent = requestOf(described.call, described.sample);
  return [...anyCall(described, sent, calls), ...ofDeed(described, sent)].map((each) => {
    const headers = Object.entries({ ...sent.headers, ...each.sent.headers }).filter(
      ([, value]) => value !== undefined,
    );
    return {
      as: "operator",
      ...each,
      sent: { ...sent, ...each.sent, headers: Object.fromEntries(headers) as Sent["headers"] },
    };
  });
}

function* anyCall({ call }: DescribedCall, sent: Sent, calls: readonly CallSpec[]): Iterable<Case> {
  const { method, target } = sent;
  const [path = ""] = target.split("?", 1);
  const [isElsewhere, kind] = [true, "method-not-allowed"] as const;
  yield { what: "a path that reads in two ways", sent: { target: `/${target}` }, kind: "invalid-request", isElsewhere };
  const host = { host: "evil.example" };
  yield { what: "a host name that is not served", sent: { headers: host }, kind: "foreign-host", isElsewhere };
  const table = new RouteTable(calls);
  const segments = path.slice(1).split("/").map(decodeURIComponent);
  const other = METHODS.find((each) => "allow" in (table.match(each, segments) ?? {}));
  if (other) yield { what: `the method ${other}`, sent: { method: other }, kind, isElsewhere };
  yield { what: "a method that nobody has", sent: { method: "PROPFIND" }, kind, isElsewhere };
  const unknown = withQuery(sent, "conformance=1");
  yield {
    what: "a query parameter that there is not",
    sent: { target: unknown.target },
    ...{ kind: "invalid-request", place: { parameter: "conformance" } },
  };
  if (method !== "GET")
    yield {
      what: "a page of another site",
      sent: { headers: { origin: "https://evil.example" } },
      kind: "foreign-origin",
    };
  if (call.access !== "public") yield* guarded(call.access, sent);
}

function* guarded(access: readonly string[], { body }: Sent): Iterable<Case> {
  yield { what: "nobody", sent: {}, as: "nobody", kind: "unauthenticated" };
  yield { what: "a token that nobody was given", sent: {}, as: "stranger", kind: "unauthenticated" };
  if (body !== undefined)
    yield { what: "nobody's broken body, as nobody's", sent: { body: "{" }, as: "nobody", kind: "unauthenticated" };
  const role = ROLES.find((each) => !access.includes(each));
  if (role) yield { what: `a token of the role ${role}`, sent: {}, as: role, kind: "forbidden" };
}

function ofDeed(described: DescribedCall, sent: Sent): Iterable<Case> {
  const { does } = described.call;
  switch (does.kind) {
    case "message":
      return [
        ...bodies(described),
        ...fields(described),
        ...(does.exists ? strangers(described, does.exists) : []),
        ...does.loads.flatMap((load) => [...strangers(described, load)]),
        ...idsInPath(described, does.exists?.missing),
        ...(does.ifMatch ? versions() : []),
        {
          what: "an Idempotency-Key that is none",
          sent: { headers: { "idempotency-key": "with a blank" } },
          ...{ kind: "invalid-request", place: { parameter: "Idempotency-Key" } },
        },
      ];
    case "entity":
      return [...strangers(described, does.entity), ...idsInPath(described, does.entity.missing)];
    case "projection":
      return lists(described, does, sent);
    case "follows":
      return [
        ...streams(sent),
        ...(does.entity ? strangers(described, does.entity) : []),
        ...idsInPath(described, does.entity?.missing),
      ];
    case "share":
      return [
        ...strangers(described, does.entity),
        ...idsInPath(described, does.entity.missing),
        {
          what: "a time that is none",
          sent: { headers: JSON_TYPE, body: '{"expires_in":"soon"}' },
          ...{ kind: "invalid-request", place: { pointer: "/expires_in" } },
        },
      ];
    case "call":
      return does.functions.every(({ mediaType }) => mediaType !== "")
        ? [{ what: "an Accept that nothing fits", sent: { headers: { accept: "image/png" } }, kind: "not-acceptable" }]
        : [];
    default:
      return [];
  }
}

const JSON_TYPE = { "content-type": "application/json" };

function* bodies({ bodySchema }: DescribedCall): Iterable<Case> {
  const wrong = (what: string, body: string | Buffer, kind: string, code?: string): Case => ({
    ...{ what, kind, code, sent: { headers: JSON_TYPE, body } },
  });
  const deep = `{"${FIELD}":${"[".repeat(40)}${"]".repeat(40)}}`;
  yield {
    what: "a form",
    sent: { headers: { "content-type": "application/x-www-form-urlencoded" }, body: "a=b" },
    kind: "unsupported-media-type",
  };
  yield wrong("a body of more than 256 KiB", `{"${FIELD}":"${"x".repeat(300_000)}"}`, "too-large");
  yield wrong("a body that is too deep", deep, "invalid-request", "INVALID_PAYLOAD");
  yield wrong("a body that is no JSON", "{", "invalid-request", "MALFORMED_JSON");
  yield wrong("a body that is no UTF-8", Buffer.from([0x7b, 0xff, 0x7d]), "invalid-request", "MALFORMED_JSON");
  yield wrong("a list as body", "[]", "invalid-request", "INVALID_PAYLOAD");
  yield wrong("a key twice", `{"${FIELD}":1,"${FIELD}":2}`, "invalid-request", "INVALID_PAYLOAD");
  yield {
    ...wrong("a NUL in a text", String.raw`{"${FIELD}":"\u0000"}`, "invalid-request", "INVALID_PAYLOAD"),
    place: { pointer: `/${FIELD}` },
  };
  if (bodySchema?.["additionalProperties"] === false)
    yield {
      ...wrong("a field that there is not", `{"${FIELD}":1}`, "invalid-request"),
      place: { pointer: `/${FIELD}` },
    };
}

const ajv = new Ajv2020({ strict: false, validateFormats: false });
const OF_OTHER_TYPES = [7, "text", true, {}, [], null];

/** Of the body, each with a value that its schema does not have, and each that has to be there left out. */
function* fields({ call, sample, bodySchema }: DescribedCall): Iterable<Case> {
  const {
    properties = {},
    required = [],
    $defs,
  } = (bodySchema ?? {}) as {
    readonly properties?: Readonly<Record<string, JsonSchema>>;
    readonly required?: readonly string[];
    readonly $defs?: JsonSchema;
  };
  const inPath = call.segments.flatMap((segment) => ("parameter" in segment ? segment.parameter : []));
  const wrong = (what: string, body: object, field: string): Case => ({
    ...{ what, sent: { headers: JSON_TYPE, body: JSON.stringify(body) }, kind: "invalid-request" },
    place: { pointer: `/${field}` },
  });
  for (const [field, schema] of Object.entries(properties)) {
    // What stands in the path counts before the body.
    if (inPath.includes(field)) continue;
    const fits = ajv.compile({ ...schema, $defs: $defs ?? {} });
    const value = OF_OTHER_TYPES.find((each) => !fits(each));
    if (value !== undefined) yield wrong(`another type of ${field}`, { ...sample.body, [field]: value }, field);
    if (required.includes(field)) yield wrong(`no ${field}`, { ...sample.body, [field]: undefined }, field);
  }
}

/** An id that nobody has. */
function* strangers({ call, sample }: DescribedCall, { of, name, missing }: EntityRef): Iterable<Case> {
  if (of === "caller") return;
  const other =
    of === "params"
      ? { ...sample, params: { ...sample.params, [name]: NOBODY } }
      : { ...sample, query: `${name}=${NOBODY}` };
  yield {
    what: `an unknown ${name}`,
    sent: { target: requestOf(call, other).target },
    kind: "not-found",
    code: missing,
  };
}

/** Ids in the path that can't be one. */
function* idsInPath({ call, sample }: DescribedCall, missing: string | undefined): Iterable<Case> {
  for (const segment of call.segments) {
    if (!("parameter" in segment)) continue;
    const { parameter } = segment;
    const at = (id: string): Partial<Sent> => ({
      target: requestOf(call, { ...sample, params: { ...sample.params, [parameter]: id } }).target,
    });
    yield { what: `a ${parameter} that is too long`, sent: at(ID_TOO_LONG), kind: "not-found", code: missing };
    if (call.segments.at(-1) === segment)
      yield { what: `no ${parameter}`, sent: at(""), kind: "not-found", isElsewhere: true };
  }
}

function* versions(): Iterable<Case> {
  yield { what: "no If-Match", sent: { headers: { "if-match": undefined } }, kind: "precondition-required" };
  for (const tag of ['W/"1"', '"1", "2"', "1"])
    yield {
      what: `If-Match: ${tag}`,
      sent: { headers: { "if-match": tag } },
      ...{ kind: "invalid-request", place: { parameter: "If-Match" } },
    };
}

const WRONG_VALUES = { bigint: "1.5", float8: "x", boolean: "yes", timestamptz: "2026-02-30T00:00:00Z" } as const;

function* lists({ projection }: DescribedCall, { filters, hide, sort, page }: ListCall, sent: Sent): Iterable<Case> {
  const wrong = (parameter: string, ...values: readonly string[]): Case => {
    const query = values.map((value) => `${parameter}=${encodeURIComponent(value)}`).join("&");
    return {
      ...{ what: `?${query.slice(0, 60)}`, sent: { target: withQuery(sent, query).target } },
      ...{ kind: "invalid-request", place: { parameter } },
    };
  };
  for (const [parameter, { column, test }] of filters) {
    const type = projection?.columns.find(({ name }) => name === column)?.type ?? "text";
    yield wrong(parameter, type in WRONG_VALUES ? WRONG_VALUES[type as keyof typeof WRONG_VALUES] : "a\0b");
    if (test !== "all" && test !== "any") yield wrong(parameter, "1", "2");
  }
  if (hide) yield* [wrong(hide.parameter, "perhaps"), wrong(hide.parameter, "true", "true")];
  if (sort.by.length > 0) yield* [wrong(sort.names.by, "conformance"), wrong(sort.names.order, "up")];
  if (!page) return;
  for (const size of ["0", "x", "1e1", String(page.sizeMax + 1)]) yield wrong(page.names.size, size);
  if (page.style !== "cursor") {
    const least = page.style === "page" ? "0" : "-1";
    return yield* [least, "x", "1.5", "99999999999"].map((mark) => wrong(page.names.page, mark));
  }
  const order = sort.column === undefined ? [] : [{ column: sort.column, descending: sort.descending }];
  yield wrong(page.names.page, "odd");
  yield wrong(page.names.page, encodeCursor([{ column: "conformance", descending: false }], ["a"]));
  // The key is missing.
  yield wrong(
    page.names.page,
    encodeCursor(
      order,
      order.map(() => "a"),
    ),
  );
  yield wrong(page.names.page, encodeCursor(order, [{}, []]));
}

function* streams(sent: Sent): Iterable<Case> {
  yield { what: "HEAD", sent: { method: "HEAD" }, kind: "method-not-allowed", isElsewhere: true };
  for (const cursor of ["AA", "a.b", "%"]) {
    const kind = "invalid-request";
    const headers = { "last-event-id": cursor };
    yield { what: `Last-Event-ID: ${cursor}`, sent: { headers }, kind, place: { parameter: "Last-Event-ID" } };
    const { target } = withQuery(sent, `since=${encodeURIComponent(cursor)}`);
    yield { what: `?since=${cursor}`, sent: { target }, kind, place: { parameter: "since" } };
  }
}
