import { exampleOf } from "../../../runtime/contract/documents/example.ts";
import { standaloneSchema } from "../../../runtime/contract/documents/payload-schema.ts";
import type { TopicMessage } from "../../../runtime/contract/documents/topic-messages.ts";
import type { System } from "../../host/system.ts";
import { curlLine, kcatLine } from "./shell-commands.ts";
import { codeBlock } from "./document.ts";
import { fieldTable } from "./field-table.ts";
import { anchorOf, html, type Html } from "./html.ts";
import { messagePartiesOf } from "./message-parties.ts";

/** Messages that share a topic share its anchor. */
export const topicAnchor = (topic: string): string => `topic-${anchorOf(topic)}`;

/** An example that the schema accepts; undefined when none was found. */
export function examplePayload(system: Pick<System, "domain">, topicMessage: TopicMessage): object | undefined {
  const example = exampleOf(standaloneSchema(system.domain, topicMessage));
  return topicMessage.message.schema.safeParse(example).success ? (example as object) : undefined;
}

/** @param isFirst of its topic: then the section carries the topic's anchor */
export function messageSection(system: System, topicMessage: TopicMessage, isFirst: boolean): Html {
  const { domain } = system;
  const { type, message } = topicMessage;
  const isSent = topicMessage.direction === "sent";
  const example = examplePayload(system, topicMessage);
  const key = String((example as Record<string, unknown> | undefined)?.[domain.entityIdField] ?? domain.entityIdField);
  return html`<section id="${type}">
<h3><a href="#${type}">${type}</a></h3>
${message.description !== "" && html`<p>${message.description}</p>`}
${messageFacts(system, topicMessage, isFirst)}
<h4>Payload</h4>
${fieldTable(`Fields of ${type}`, standaloneSchema(domain, topicMessage))}
${example && html`<h4>Example</h4>${codeBlock(`Example of ${type}`, JSON.stringify(example, undefined, 2))}`}
<h4>${isSent ? "Read it" : "Send it"}</h4>
${
  (isSent || example) && [
    codeBlock(`${type} with curl`, curlLine(topicMessage, example)),
    codeBlock(`${type} with kcat`, kcatLine(topicMessage, example, key)),
  ]
}
</section>
`;
}

function messageFacts({ domain, model }: System, topicMessage: TopicMessage, isFirst: boolean): Html {
  const { type, topic, direction } = topicMessage;
  const { publishedBy, consumedBy } = messagePartiesOf(topicMessage, model);
  const envelope = html`<a href="#envelope">envelope</a>`;
  const [headers, value] =
    direction === "sent"
      ? [html`<a href="#headers-sent">of events</a>`, html`the payload in an ${envelope}`]
      : [
          html`<a href="#headers-received">that are read</a>`,
          html`the payload alone, in an ${envelope}, or as a CloudEvent`,
        ];
  return html`<dl>
<dt>Topic</dt><dd${isFirst && html` id="${topicAnchor(topic)}"`}><code>${topic}</code></dd>
<dt>Published by</dt><dd>${publishedBy}</dd>
<dt>Consumed by</dt><dd>${consumedBy}</dd>
<dt>Key</dt><dd><code>${domain.entityIdField}</code>, UTF-8</dd>
<dt>Headers</dt><dd>${headers}</dd>
<dt>Value</dt><dd>${value}</dd>
<dt>JSON Schema</dt><dd><a href="/schemas/messages/${type}.schema.json">${type}.schema.json</a></dd>
</dl>`;
}
