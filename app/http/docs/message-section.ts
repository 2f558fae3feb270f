import { exampleOf } from "../../../runtime/contract/documents/example.ts";
import { standaloneSchema } from "../../../runtime/contract/documents/payload-schema.ts";
import type { TopicMessage } from "../../../runtime/contract/documents/topic-messages.ts";
import type { System } from "../../host/system.ts";
import { curlLine, kcatLine } from "./shell-commands.ts";
import { codeBlock } from "./document.ts";
import { fieldTable } from "./field-table.ts";
import { anchorOf, html, type Html } from "./html.ts";
import { messagePartiesOf } from "./message-parties.ts";

/** The same for each topic; two messages may share one. */
export const topicAnchor = (topic: string): string => `topic-${anchorOf(topic)}`;

/** A payload for people to copy; undefined when none was found that the runtime takes. */
export function examplePayload(system: Pick<System, "domain">, topicMessage: TopicMessage): object | undefined {
  const example = exampleOf(standaloneSchema(system.domain, topicMessage));
  return topicMessage.message.schema.safeParse(example).success ? (example as object) : undefined;
}

/** All about one message. `isFirst`: of its topic, whose anchor it then carries. */
export function messageSection(system: System, topicMessage: TopicMessage, isFirst: boolean): Html {
  const { domain, model } = system;
  const { type, topic, message } = topicMessage;
  const { publishedBy, consumedBy } = messagePartiesOf(topicMessage, model);
  const isSent = topicMessage.direction === "sent";
  const example = examplePayload(system, topicMessage);
  const key = String((example as Record<string, unknown> | undefined)?.[domain.entityIdField] ?? domain.entityIdField);
  return html`<section id="${type}">
<h3><a href="#${type}">${type}</a></h3>
${message.description !== "" && html`<p>${message.description}</p>`}
<dl>
<dt>Topic</dt><dd${isFirst && html` id="${topicAnchor(topic)}"`}><code>${topic}</code></dd>
<dt>Published by</dt><dd>${publishedBy}</dd>
<dt>Consumed by</dt><dd>${consumedBy}</dd>
<dt>Key</dt><dd><code>${domain.entityIdField}</code>, UTF-8</dd>
<dt>Headers</dt><dd>${isSent ? html`<a href="#headers-sent">of events</a>` : html`<a href="#headers-received">that are read</a>`}</dd>
<dt>Value</dt><dd>${isSent ? html`the payload in an <a href="#envelope">envelope</a>` : html`the payload alone, in an <a href="#envelope">envelope</a>, or as a CloudEvent`}</dd>
<dt>JSON Schema</dt><dd><a href="/schemas/messages/${type}.schema.json">${type}.schema.json</a></dd>
</dl>
<h4>Payload</h4>
${fieldTable(`Fields of ${type}`, standaloneSchema(domain, topicMessage))}
${example && html`<h4>Example</h4>${codeBlock(`Example of ${type}`, JSON.stringify(example, undefined, 2))}`}
<h4>${isSent ? "Read it" : "Send it"}</h4>
${(isSent || example) && [codeBlock(`${type} with curl`, curlLine(topicMessage, example)), codeBlock(`${type} with kcat`, kcatLine(topicMessage, example, key))]}
</section>
`;
}
