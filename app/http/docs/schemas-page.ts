import { type JsonSchema, standaloneSchema } from "../../../runtime/contract/documents/payload-schema.ts";
import { topicMessages } from "../../../runtime/contract/documents/topic-messages.ts";
import type { System } from "../../host/system.ts";
import { scrollable, renderDocument } from "./document.ts";
import { html } from "./html.ts";

const schemaFile = (type: string): string => `${type}.schema.json`;

/** By file name, the schema of every payload of the domain's topics. */
export const schemaFiles = ({
  domain,
  messages,
}: Pick<System, "domain" | "messages">): ReadonlyMap<string, JsonSchema> =>
  new Map(topicMessages(domain, messages).map((each) => [schemaFile(each.type), standaloneSchema(domain, each)]));

/** What there is, for programs. */
export const schemaIndex = ({ domain, messages }: System): object => ({
  domain: domain.name,
  contract_hash: domain.contractHash,
  schemas: topicMessages(domain, messages).map(({ type, topic, direction, message }) => ({
    type,
    direction,
    topic,
    description: message.description,
    schema: `/schemas/messages/${schemaFile(type)}`,
  })),
});

/** And for people. */
export function schemasPage({ domain, messages }: System): string {
  const rows = topicMessages(domain, messages).map(
    ({ type, topic, direction, message }) =>
      html`<tr><th scope="row"><a href="/schemas/messages/${schemaFile(type)}">${schemaFile(type)}</a></th><td>${direction === "received" ? "Rollcall reads it" : "Rollcall publishes it"}</td><td><code>${topic}</code></td><td>${message.description} <a href="/docs#${type}">More about ${type}</a></td></tr>`,
  );
  return renderDocument({
    title: `JSON Schemas of ${domain.name}`,
    path: "/schemas",
    intro: html`<p>Of payloads, in draft 2020-12, for producers and consumers in any language. Asked for as <code>application/json</code> this list is JSON; <code>rollcall contracts schemas --out DIR</code> writes them as files.</p>`,
    contents: [
      {
        heading: "For programs",
        links: [
          ["/asyncapi.json", "AsyncAPI"],
          ["/openapi.json", "OpenAPI"],
        ],
      },
    ],
    body: scrollable(
      "JSON Schemas",
      html`<table><thead><tr><th scope="col">schema</th><th scope="col">direction</th><th scope="col">topic</th><th scope="col">what it says</th></tr></thead><tbody>${rows}</tbody></table>`,
    ),
  });
}
