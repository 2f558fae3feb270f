import { z } from "zod";
import { CONTRACT_SCHEMAS } from "../language/schema.ts";

type JsonObject = Record<string, unknown>;

const NODE_TYPES = Object.keys(CONTRACT_SCHEMAS).flatMap((kind) => [kind, `${kind}_GENERIC`]);
const KIND_HELP = "What the contract declares. The names with _GENERIC are ONEX's own and mean the same.";

/**
 * The JSON Schema (draft 7) of the language, for editors: the loader's own Zod schemas, chosen by `node_type`. if /
 * then rather than oneOf, because a language server then explains and completes the keys of the kind that is there.
 */
export function contractJsonSchema(): JsonObject {
  const kinds = Object.entries(CONTRACT_SCHEMAS).map(([kind, schema]) => {
    const { $schema: _, ...json } = z.toJSONSchema(schema, { target: "draft-7", io: "input" }) as JsonObject;
    const properties = json["properties"] as JsonObject;
    const names = [kind, `${kind}_GENERIC`];
    return {
      kind,
      names,
      json: { ...json, properties: { ...properties, node_type: { enum: names, description: KIND_HELP } } },
    };
  });
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "Rollcall contract",
    description: "Made from runtime/contract/language/schema.ts by `npm run schemas`.",
    type: "object",
    required: ["node_type"],
    properties: { node_type: { enum: NODE_TYPES, description: KIND_HELP } },
    allOf: kinds.map(({ kind, names }) => ({
      if: { required: ["node_type"], properties: { node_type: { enum: names } } },
      then: { $ref: `#/definitions/${kind.toLowerCase()}` },
    })),
    definitions: Object.fromEntries(kinds.map(({ kind, json }) => [kind.toLowerCase(), json])),
  };
}
