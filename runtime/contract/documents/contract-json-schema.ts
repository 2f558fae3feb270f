import { z } from "zod";
import { CONTRACT_SCHEMAS } from "../language/schema.ts";

type JsonObject = Record<string, unknown>;

const nodeType = (kinds: readonly string[]) => ({
  enum: kinds.flatMap((kind) => [kind, `${kind}_GENERIC`]),
  description: "What the contract declares. The names with _GENERIC are ONEX's own and mean the same.",
});

/**
 * The JSON Schema (draft 7) of the language, for editors: the loader's own Zod schemas, chosen by `node_type`. if /
 * then rather than oneOf, because a language server then explains and completes the keys of the kind that is there.
 */
export function contractJsonSchema(): JsonObject {
  const kinds = Object.keys(CONTRACT_SCHEMAS);
  const definitions = Object.entries(CONTRACT_SCHEMAS).map(([kind, schema]) => {
    const { $schema: _, ...json } = z.toJSONSchema(schema, { target: "draft-7", io: "input" });
    return [kind.toLowerCase(), { ...json, properties: { ...json.properties, node_type: nodeType([kind]) } }];
  });
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "Rollcall contract",
    description: "Made from runtime/contract/language/schema.ts by `npm run schemas`.",
    type: "object",
    required: ["node_type"],
    properties: { node_type: nodeType(kinds) },
    allOf: kinds.map((kind) => ({
      if: { required: ["node_type"], properties: { node_type: { enum: nodeType([kind]).enum } } },
      then: { $ref: `#/definitions/${kind.toLowerCase()}` },
    })),
    definitions: Object.fromEntries(definitions),
  };
}
