import { describe, expect, it } from "vitest";
import { checkModel } from "../../runtime/contract/exploration/check-model.ts";
import { asyncApiOf } from "../../runtime/contract/documents/async-api.ts";
import { buildGraph } from "../../runtime/contract/graph/graph.ts";
import type { Domain } from "../../runtime/core/domain.ts";
import type { Entity } from "../../runtime/core/entity.ts";
import { topicsOf } from "../../runtime/shell/topics.ts";
import { editedTickets, type Edits, inShort, taken, ticketsCode, ticketsDomain } from "./tickets-domain.ts";

const ALL_PUBLISHED: Edits = [["{ event_type: TicketRouted, topic: none }", "{ event_type: TicketRouted }"]];
const numbersOf = (domain: Domain, entity: Entity | undefined, payload: object = { team: "sales" }) => {
  const decision = taken(domain, "OpenTicket", payload, entity);
  const numbers = decision.events.map(({ type, topic, payload: { entity_seq, published_seq } }) => {
    return [type, topic !== null, entity_seq, published_seq];
  });
  return { numbers, entity: decision.entity };
};

describe("an event without a topic", () => {
  it("counts in entity_seq, and published ones count themselves without gaps", () => {
    const domain = ticketsDomain();
    const first = numbersOf(domain, undefined);
    expect(first.numbers).toEqual([
      ["TicketOpened", true, 1, 1],
      ["TicketRouted", false, 2, undefined],
    ]);
    const reopened = numbersOf(domain, { ...first.entity!, state: "LAPSED" }, {});
    expect(reopened.numbers).toEqual([
      ["TicketOpened", true, 3, 2],
      ["TicketRefused", true, 4, 3],
    ]);
  });

  it("leaves domains as they are in which each event has a topic", () => {
    const domain = ticketsDomain(ALL_PUBLISHED);
    const decision = taken(domain, "OpenTicket", { team: "sales" });
    expect(decision.entity?.publishedSeq).toBeNull();
    for (const { payload } of decision.events) expect(Object.keys(payload)).not.toContain("published_seq");
  });

  it("is counted from all events so far where contracts come to have one, and on where they have none again", () => {
    const [all, some] = [ticketsDomain(ALL_PUBLISHED), ticketsDomain()];
    const before = numbersOf(all, undefined, {}).entity;
    const during = numbersOf(some, before);
    expect(during.numbers).toEqual([
      ["TicketOpened", true, 3, 3],
      ["TicketRouted", false, 4, undefined],
    ]);
    expect(numbersOf(all, { ...during.entity!, state: "LAPSED" }).numbers).toEqual([
      ["TicketOpened", true, 5, 4],
      ["TicketRouted", true, 6, 5],
    ]);
  });

  it("is in no topic, no document of topics, and no arrow of the graph", () => {
    const domain = ticketsDomain();
    expect(topicsOf(domain).output).toEqual(["dev.tickets.evt.v1", "dev.tickets.dlq.v1"]);
    const document = asyncApiOf(domain, ticketsCode().messages, "1.0.0") as {
      readonly channels: object;
      readonly components: { readonly schemas: { readonly EventPayload: { readonly properties: object } } };
    };
    expect(Object.keys(document.channels)).not.toContain("TicketRouted");
    expect(Object.keys(document.channels)).toContain("TicketRefused");
    expect(document.components.schemas.EventPayload.properties).toHaveProperty("published_seq");
    const all = asyncApiOf(ticketsDomain(ALL_PUBLISHED), ticketsCode().messages, "1.0.0") as typeof document;
    expect(all.components.schemas.EventPayload.properties).not.toHaveProperty("published_seq");
    const { nodes, edges } = buildGraph(editedTickets().model!);
    expect(nodes.map(({ id }) => id)).toContain("event:TicketRouted");
    expect(edges.filter(({ from }) => from === "event:TicketRouted").map(({ to }) => to)).toEqual(["trigger:event"]);
  });

  it("is explored like any other", () => expect(checkModel(editedTickets().model!).diagnostics).toEqual([]));
});

describe("of an event without a topic it is a diagnostic", () => {
  const published = (trigger: string): Edits => [
    [
      "    - { from_state: ROUTED,",
      `    - { from_state: ROUTED, trigger: ${trigger}, to_state: LAPSED }\n    - { from_state: ROUTED,`,
    ],
  ];

  it("to wait for its publish: as a transition", () => {
    const { diagnostics } = editedTickets(published("published(TicketRouted)"));
    expect(diagnostics).toMatchObject([
      {
        code: "RC205",
        message: "nothing produces published(TicketRouted): TicketRouted has no topic, so it never reaches the bus",
        remedy: "give TicketRouted a topic, or wait for it itself",
        related: [{ message: "TicketRouted is declared here" }],
      },
    ]);
  });

  it("and as a handler's message", () => {
    const row = "    - { event_model: { name: published(TicketRouted) }, action: no_op, reason: told }\n";
    const seen = "    - { event_model: { name: TicketSeen }, action: renew }\n";
    expect(inShort(editedTickets([[seen, `${seen}${row}`]]))).toEqual([
      "RC102 27 published(TicketRouted) never arrives here: TicketRouted has no topic, so it never reaches the bus",
    ]);
  });

  it("but not of one that has a topic", () =>
    expect(inShort(editedTickets([...published("published(TicketRefused)")]))).toEqual([]));
});

describe("none", () => {
  it("is no topic of a consumed event, or of dead letters", () => {
    const rule = /none.*only a published event may have none/;
    expect(
      inShort(editedTickets([["{ event_type: OpenTicket }", "{ event_type: OpenTicket, topic: none }"]]))[0],
    ).toMatch(rule);
    expect(inShort(editedTickets([["consumed_events:", "dead_letter_topic: none\nconsumed_events:"]]))[0]).toMatch(
      rule,
    );
  });

  it("is not what a topic's name may begin with alone", () => {
    const { model } = editedTickets([["topic: none", "topic: none.at.all"]]);
    expect(model?.published[1]?.topic?.text).toBe("none.at.all");
  });
});
