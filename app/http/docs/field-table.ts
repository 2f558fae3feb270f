import type { JsonSchema } from "../../../runtime/contract/documents/payload-schema.ts";
import { scrollable } from "./document.ts";
import { html, type Html } from "./html.ts";
import { alternativesOf, constraintTexts, typeText } from "./schema-text.ts";

/** Deeper than people read. */
const DEPTH_MAX = 4;

interface Field {
  readonly path: string;
  readonly schema: JsonSchema;
  readonly required: boolean;
}

/** The fields of an object, those within them too: `node.capabilities`, `failed_backends[].backend`. */
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

/** @param label what a screen reader calls it */
export function fieldTable(label: string, schema: JsonSchema): Html {
  const rows = fieldsOf(schema);
  if (rows.length === 0) return html`<p>${typeText(schema)}</p>`;
  return scrollable(
    label,
    html`<table><thead><tr><th scope="col">field</th><th scope="col">type</th><th scope="col">required</th><th scope="col">constraints</th><th scope="col">description</th></tr></thead><tbody>${rows.map(fieldRow)}</tbody></table>`,
  );
}

const fieldRow = ({ path, schema, required }: Field): Html =>
  html`<tr><th scope="row"><code>${path}</code></th><td>${typeText(schema)}</td><td>${required ? "required" : "optional"}</td><td>${constraints(schema)}</td><td>${String(schema["description"] ?? "")}</td></tr>`;

function constraints(schema: JsonSchema): Html | undefined {
  const words = constraintTexts(schema);
  return words.length === 0
    ? undefined
    : html`<ul>
        ${words.map((each) => html`<li>${each}</li>`)}
      </ul>`;
}
