import { standaloneSchema } from "../../../runtime/contract/documents/payload-schema.ts";
import { topicMessages } from "../../../runtime/contract/documents/topic-messages.ts";
import type { System } from "../../host/compose.ts";
import { html, renderDocument, table } from "./document.ts";

const programLinks = (base: string) =>
  [
    [`${base}/asyncapi.json`, "AsyncAPI"],
    ["/openapi.json", "OpenAPI"],
  ] as const;

const schemaFile = (type: string): string => `${type}.schema.json`;

/** By file name, the schema of every payload of the domain's topics. */
export const schemaFiles = ({ domain, messages }: Pick<System, "domain" | "messages">) =>
  new Map(topicMessages(domain, messages).map((each) => [schemaFile(each.type), standaloneSchema(domain, each)]));

/** The list of schemas as JSON. */
export const schemaIndex = ({ domain, messages }: System, base: string) => ({
  domain: domain.name,
  contract_hash: domain.contractHash,
  schemas: topicMessages(domain, messages).map(({ type, topic, direction, message }) => ({
    type,
    direction,
    topic,
    description: message.description,
    schema: `${base}/schemas/messages/${schemaFile(type)}`,
  })),
});

export function schemasPage(system: System, base: string): string {
  const { domain, schemas } = schemaIndex(system, base);
  const rows = schemas.map(({ type, topic, direction, description, schema }) => [
    html`<a href="${schema}">${schemaFile(type)}</a>`,
    direction === "received" ? "Rollcall reads it" : "Rollcall publishes it",
    html`<code>${topic}</code>`,
    html`${description} <a href="${base}/docs#${type}">More about ${type}</a>`,
  ]);
  return renderDocument({
    title: `JSON Schemas of ${domain}`,
    path: `${base}/schemas`,
    base,
    intro: html`<p>Schemas of the payloads, in draft 2020-12, for producers and consumers in any language. With
<code>Accept: application/json</code> this list is JSON; <code>rollcall contracts schemas --out DIR</code> writes the
schemas as files.</p>`,
    contents: [{ heading: "For programs", links: programLinks(base) }],
    body: table("JSON Schemas", ["schema", "direction", "topic", "description"], rows),
  });
}
