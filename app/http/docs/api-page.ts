import type { JsonSchema } from "../../../runtime/contract/documents/payload-schema.ts";
import { anchorOf, html, type Html, renderDocument, table } from "./document.ts";
import { FIELD_COLUMNS, fieldCells, fieldTable } from "./field-table.ts";

type MediaTypes = Readonly<Record<string, { readonly schema?: JsonSchema }>>;

interface Operation {
  readonly summary?: string;
  readonly description?: string;
  /** The roles that may use it: see `access.ts`. */
  readonly "x-access"?: "anyone" | readonly string[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content?: MediaTypes };
  readonly responses?: Readonly<Record<string, { readonly description?: string; readonly content?: MediaTypes }>>;
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly schema?: JsonSchema;
}

export interface OpenApi {
  readonly info: { readonly title: string; readonly version: string; readonly description?: string };
  readonly paths?: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

/** A page with every route of an OpenAPI document. */
export function apiPage({ info, paths = {} }: OpenApi): string {
  const routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ title: `${method.toUpperCase()} ${path}`, operation })),
  );
  return renderDocument({
    title: "HTTP API",
    path: "/docs/api",
    intro: html`<p>${info.description}</p>
<p>Version ${info.version}. For programs: <a href="/openapi.json">OpenAPI</a>. Where tokens are configured, send one:
<code>Authorization: Bearer &lt;token&gt;</code>.</p>`,
    contents: [{ heading: "Routes", links: routes.map(({ title }) => [`#${anchorOf(title)}`, title] as const) }],
    body: routes.map(routeSection),
  });
}

function routeSection({ title, operation }: { readonly title: string; readonly operation: Operation }): Html {
  const { summary, description, parameters = [], requestBody, responses = {} } = operation;
  const body = firstSchema(requestBody?.content);
  return html`<section id="${anchorOf(title)}">
<h2><a href="#${anchorOf(title)}"><code>${title}</code></a></h2>
${summary && html`<p>${summary}.</p>`}
${description && html`<p>${description}</p>`}
<p>May be used by: ${accessText(operation["x-access"])}.</p>
${parameters.length > 0 && html`<h3>Parameters</h3>${parameterTable(title, parameters)}`}
${body && html`<h3>Body</h3>${fieldTable(`Body of ${title}`, body)}`}
<h3>Answers</h3>
${Object.entries(responses).map(([status, answer]) => responseSection(title, status, answer))}
</section>
`;
}

function accessText(access: Operation["x-access"]): string {
  if (access === "anyone") return "anyone, also without a token";
  const roles = (access ?? []).map((role) => (role === "node" ? "nodes, each for itself only" : `${role}s`));
  return [...roles, "operators"].join("; ");
}

const firstSchema = (content: MediaTypes | undefined): JsonSchema | undefined =>
  Object.values(content ?? {})[0]?.schema;

function parameterTable(title: string, parameters: readonly Parameter[]): Html {
  const rows = parameters.map(({ name, in: location, required = false, schema, description }) => {
    const described = { ...schema, ...(description !== undefined && { description }) };
    const [header, ...cells] = fieldCells({ path: name, schema: described, required });
    return [header, location, ...cells];
  });
  return table(`Parameters of ${title}`, ["name", "in", ...FIELD_COLUMNS], rows);
}

/** Collapsed: the fields of answers would make the page too long. */
function responseSection(title: string, status: string, answer: NonNullable<Operation["responses"]>[string]): Html {
  const { description = "", content = {} } = answer;
  const schema = firstSchema(content);
  const types = Object.keys(content).join(", ");
  const statusText = description === "Default Response" ? "" : description;
  const summary = html`<summary><code>${status}</code> ${statusText} ${types}</summary>`;
  return html`<details>${summary}${schema && fieldTable(`Answer ${status} of ${title}`, schema)}</details>`;
}
