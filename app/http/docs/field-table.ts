import type { JsonSchema } from "../../../runtime/contract/documents/payload-schema.ts";
import { table } from "./document.ts";
import { html, type Html } from "./html.ts";
import { alternativesOf, constraintTexts, typeText } from "./schema-text.ts";

/** Fields nested deeper are left out, for readability. */
const DEPTH_MAX = 4;

interface Field {
  readonly path: string;
  readonly schema: JsonSchema;
  readonly required: boolean;
}

/** The fields of an object and of the objects in it: `node.capabilities`, `failed_backends[].backend`. */
function fieldsOf(schema: JsonSchema, path = "", depth = 0): readonly Field[] {
  if (depth >= DEPTH_MAX) return [];
  return alternativesOf(schema).flatMap(({ properties, required, items }) => [
    ...(items === undefined || path === "" ? [] : fieldsOf(items as JsonSchema, `${path}[]`, depth + 1)),
    ...Object.entries((properties ?? {}) as Readonly<Record<string, JsonSchema>>).flatMap(([name, field]) => {
      const own = path === "" ? name : `${path}.${name}`;
      const isRequired = ((required ?? []) as readonly string[]).includes(name);
      return [{ path: own, schema: field, required: isRequired }, ...fieldsOf(field, own, depth + 1)];
    }),
  ]);
}

/** @param label what a screen reader calls the table */
export function fieldTable(label: string, schema: JsonSchema): Html {
  const fields = fieldsOf(schema);
  if (fields.length === 0) return html`<p>${typeText(schema)}</p>`;
  const rows = fields.map(({ path, schema: field, required }) => [
    html`<code>${path}</code>`,
    typeText(field),
    required ? "required" : "optional",
    constraintList(field),
    String(field["description"] ?? ""),
  ]);
  return table(label, ["field", "type", "required", "constraints", "description"], rows);
}

export function constraintList(schema: JsonSchema): Html | undefined {
  const texts = constraintTexts(schema);
  return texts.length === 0 ? undefined : html`<ul>${texts.map((each) => html`<li>${each}</li>`)}</ul>`;
}
