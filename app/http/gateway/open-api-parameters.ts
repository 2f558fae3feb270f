import { z } from "zod";
import type { Domain } from "../../../runtime/core/domain.ts";
import type { CallSpec, EntityRef, FollowsCall, ListCall } from "../../../runtime/core/gateway.ts";
import type { ColumnSpec } from "../../../runtime/core/projection.ts";
import { shapeSchema } from "../../../runtime/contract/documents/payload-schema.ts";
import { LAST_EVENT_ID } from "../events/stream-position.ts";

interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required: boolean;
  readonly schema: Readonly<Record<string, unknown>>;
  readonly description?: string;
}

const TEXT = { type: "string" } as const;
const header = (name: string, description: string, required = false): Parameter => ({
  ...{ name, in: "header", required, schema: TEXT, description },
});
const IF_MATCH = header("If-Match", "the ETag of the entity as it was seen, or *", true);
const IDEMPOTENCY_KEY = header("Idempotency-Key", "the same one again gets the same answer, for seven days");
const IF_NONE_MATCH = header("If-None-Match", "ETags that were seen: then the answer is 304");
const RESUMED = header(LAST_EVENT_ID, "goes on behind this event");

const inQuery = (name: string, schema: Parameter["schema"] = TEXT, required = false): Parameter => ({
  ...{ name, in: "query", required, schema },
});

/** What a call takes beside a body, as OpenAPI has it. */
export function parametersOfCall({ does, segments }: CallSpec, domain: Domain): readonly Parameter[] {
  const path = segments.flatMap((segment) => ("parameter" in segment ? segment.parameter : []));
  return [
    ...path.map((name): Parameter => ({ name, in: "path", required: true, schema: TEXT })),
    ...parametersOf(does, domain),
  ];
}

function parametersOf(does: CallSpec["does"], domain: Domain): readonly Parameter[] {
  switch (does.kind) {
    case "message": {
      const { exists, loads, payload, ifMatch } = does;
      const refs = [...(exists ? [exists] : []), ...loads].flatMap(namedIn);
      const declared = declaredIn(payload?.query);
      const named = refs.filter(({ name }) => !declared.some((each) => each.name === name));
      return [...declared, ...named, ...(ifMatch ? [IF_MATCH] : []), IDEMPOTENCY_KEY];
    }
    case "share":
      return namedIn(does.entity);
    case "entity":
      return [...namedIn(does.entity), ...(does.etag ? [IF_NONE_MATCH] : [])];
    case "projection":
      return [...parametersOfList(does, domain), ...declaredIn(does.shape?.query)];
    case "follows":
      return [
        ...(does.entity ? namedIn(does.entity) : []),
        ...[...does.select.keys(), "since"].map((name) => inQuery(name)),
        ...beginning(does),
        RESUMED,
      ];
    case "call": {
      // One for each media type: they may declare the same.
      const declared = does.functions.flatMap(({ run }) => declaredIn(run.query));
      return [...new Map(declared.map((each) => [each.name, each])).values()];
    }
    default:
      return [];
  }
}

const beginning = ({ beginsWith }: FollowsCall): readonly Parameter[] =>
  beginsWith?.parameter === undefined ? [] : [inQuery(beginsWith.parameter, { type: "boolean", default: false })];

const namedIn = ({ of, name }: EntityRef): readonly Parameter[] => (of === "query" ? [inQuery(name, TEXT, true)] : []);

function declaredIn(shape: z.ZodType | undefined): readonly Parameter[] {
  if (!(shape instanceof z.ZodObject)) return [];
  const { properties = {}, required = [] } = shapeSchema(shape) as {
    readonly properties?: Readonly<Record<string, Parameter["schema"]>>;
    readonly required?: readonly string[];
  };
  return Object.entries(properties).map(([name, schema]) => inQuery(name, schema, required.includes(name)));
}

const SCHEMAS: Readonly<Record<ColumnSpec["type"], Parameter["schema"]>> = {
  ...{ text: TEXT, "text[]": TEXT, jsonb: TEXT },
  ...{ bigint: { type: "integer" }, float8: { type: "number" }, boolean: { type: "boolean" } },
  timestamptz: { type: "string", format: "date-time" },
};

function parametersOfList({ projection, filters, hide, sort, page }: ListCall, { projections }: Domain) {
  const columns = projections.find(({ name }) => name === projection)?.columns ?? [];
  const filtered = [...filters].map(([name, { column, test }]) => {
    const schema = SCHEMAS[columns.find((each) => each.name === column)?.type ?? "text"];
    return inQuery(name, test === "all" || test === "any" ? { type: "array", items: schema } : schema);
  });
  const sorted = [inQuery(sort.names.by, { enum: sort.by }), inQuery(sort.names.order, { enum: ["asc", "desc"] })];
  const hidden = hide ? [inQuery(hide.parameter, { type: "boolean", default: false })] : [];
  return [...filtered, ...hidden, ...(sort.by.length === 0 ? [] : sorted), ...(page ? parametersOfPage(page) : [])];
}

const parametersOfPage = ({ style, names, size, sizeMax }: NonNullable<ListCall["page"]>): readonly Parameter[] => [
  inQuery(names.page, style === "cursor" ? TEXT : { type: "integer", minimum: style === "page" ? 1 : 0 }),
  inQuery(names.size, {
    ...{ type: "integer", minimum: 1, maximum: sizeMax },
    ...(size !== undefined && { default: size }),
  }),
];
