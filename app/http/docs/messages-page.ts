import {
  DEAD_LETTER_HEADERS,
  ENVELOPE,
  EVENT_HEADERS,
  INCOMING_HEADERS,
} from "../../../runtime/contract/documents/envelope-schemas.ts";
import { exampleOf } from "../../../runtime/contract/documents/example.ts";
import { type TopicMessage, topicMessages } from "../../../runtime/contract/documents/topic-messages.ts";
import { eventTypeOf } from "../../../runtime/core/envelope.ts";
import type { System } from "../../host/system.ts";
import { VERSION } from "../../version.ts";
import { codeBlock, renderDocument } from "./document.ts";
import { fieldTable } from "./field-table.ts";
import { html, type Html } from "./html.ts";
import { examplePayload, messageSection, topicAnchor } from "./message-section.ts";

/** Every topic and message of the contracts that run, for people. */
export function messagesPage(system: System): string {
  const { domain, messages, model } = system;
  const all = topicMessages(domain, messages);
  const received = all.filter(({ direction }) => direction === "received");
  const sent = all.filter(({ direction }) => direction === "sent");
  const first = new Map(all.toReversed().map((each) => [each.topic, each]));
  const section = (each: TopicMessage): Html => messageSection(system, each, first.get(each.topic) === each);
  const links = (list: readonly TopicMessage[]) => list.map(({ type }) => [`#${type}`, type] as const);
  return renderDocument({
    title: `Messages of ${domain.name}`,
    path: "/docs",
    intro: html`<p>${model.set.orchestrator.contract.description ?? ""}</p>
<p>Made by Rollcall ${VERSION} from the contracts that run (<code>${domain.contractHash.slice(0, 12)}</code>). For programs: <a href="/asyncapi.json">AsyncAPI</a>, <a href="/schemas">JSON Schemas</a>. The commands below take the address from <code>ROLLCALL_URL</code> or <code>KAFKA_BOOTSTRAP_SERVERS</code>, and a token from <code>ROLLCALL_TOKEN</code> where tokens are configured.</p>`,
    contents: [
      { heading: "Conventions", links: COMMON_LINKS },
      { heading: "Rollcall reads", links: links(received) },
      { heading: "Rollcall publishes", links: [...links(sent), ["#dead-letters", "Dead letters"]] },
      {
        heading: "Topics",
        links: [...new Set(all.map(({ topic }) => topic)), domain.deadLetterTopic].map(
          (topic) => [`#${topicAnchor(topic)}`, topic] as const,
        ),
      },
    ],
    body: html`${commonSection(system, sent[0])}
<section aria-labelledby="reads"><h2 id="reads">What Rollcall reads</h2>${received.map(section)}</section>
<section aria-labelledby="publishes"><h2 id="publishes">What Rollcall publishes</h2>${sent.map(section)}${deadLetterSection(domain.deadLetterTopic)}</section>`,
  });
}

const COMMON_LINKS = [
  ["#keys", "Keys and partitions"],
  ["#envelope", "The envelope"],
  ["#headers-received", "Headers that are read"],
  ["#headers-sent", "Headers of events"],
] as const;

const commonSection = (system: System, sent: TopicMessage | undefined): Html => html`<section aria-labelledby="common">
<h2 id="common">Conventions</h2>
<section id="keys"><h3>Keys and partitions</h3>
<p>The record's key is <code>${system.domain.entityIdField}</code>, UTF-8, on every topic. Every topic has ${system.runtime.status().partitions} partitions; a key is in partition murmur2(key) mod ${system.runtime.status().partitions}, as Kafka's own clients put it. A message that another partitioner put elsewhere is sent on to where it belongs.</p>
<p>A message may come twice, with the same <code>envelope_id</code> and the same bytes: drop the repeat. Within a topic one entity's events are in order; between topics <code>entity_seq</code> tells it.</p></section>
<section id="envelope"><h3>The envelope</h3>
<p>A value is UTF-8 JSON, at most 256 KiB. What Rollcall publishes is always in this envelope; what it reads may be the payload alone, this envelope, or a CloudEvent whose data is the payload. In an envelope that is read every field but <code>payload</code> may be left out.</p>
${fieldTable("Fields of the envelope", ENVELOPE)}
${sent && codeBlock("Example of an envelope", JSON.stringify(exampleEnvelope(system, sent), undefined, 2))}</section>
<section id="headers-received"><h3>Headers that are read</h3>${fieldTable("Headers that are read", INCOMING_HEADERS)}</section>
<section id="headers-sent"><h3>Headers of events</h3>${fieldTable("Headers of events", EVENT_HEADERS)}</section>
</section>
`;

function exampleEnvelope(system: System, sent: TopicMessage): object {
  const { type } = sent;
  return {
    ...(exampleOf(ENVELOPE) as object),
    event_type: eventTypeOf(system.domain.name, type),
    payload_type: type,
    payload_schema_version: { major: 1, minor: 0, patch: 0 },
    source_tool: "rollcall",
    payload: examplePayload(system, sent) ?? {},
  };
}

const deadLetterSection = (topic: string): Html => html`<section id="dead-letters">
<h3><a href="#dead-letters">Dead letters</a></h3>
<p>What can't be decoded, validated, routed or stepped: key, value and headers as they were, and what is wrong in further headers.</p>
<dl><dt>Topic</dt><dd id="${topicAnchor(topic)}"><code>${topic}</code></dd>
<dt>Published by</dt><dd>Rollcall</dd><dt>Consumed by</dt><dd>operators: rollcall dlq list, GET /api/v1/dead-letters</dd></dl>
${fieldTable("Headers of dead letters", DEAD_LETTER_HEADERS)}
</section>
`;
