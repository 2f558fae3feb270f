import { describe, expect, it } from "vitest";
import { messagePartiesOf } from "../../app/http/docs/messages-page.ts";
import { checkModel } from "../../runtime/contract/exploration/check-model.ts";
import { buildGraph } from "../../runtime/contract/graph/graph.ts";
import { possibleTransitions } from "../../runtime/contract/graph/possible-transitions.ts";
import { nothing, absorbed, type HandlerResult } from "../../runtime/core/handler.ts";
import {
  editedTickets,
  inShort,
  taken,
  TicketOpened,
  TicketRefused,
  TicketRouted,
  ticketsCode,
  ticketsDomain,
} from "./tickets-domain.ts";

const BOTH = "TicketRouted | TicketRefused";
const routed = TicketRouted.of({ team: "sales" });
const refused = TicketRefused.of({});
/** What the core makes of a function that returns this. */
const decided = (result: HandlerResult) =>
  taken(
    ticketsDomain(
      [],
      ticketsCode(() => result),
    ),
    "OpenTicket",
    {},
  );

describe("of A | B a function returns exactly one", () => {
  it("the one or the other", () => {
    const domain = ticketsDomain();
    expect(taken(domain, "OpenTicket", { team: "sales" }).entity?.state).toBe("ROUTED");
    expect(taken(domain, "OpenTicket", {}).entity?.state).toBe("REFUSED");
  });

  it.each<[string, HandlerResult]>([
    ["none of", [TicketOpened.of({})]],
    ["none of", []],
    ["none of", nothing("nobody is there")],
    ["none of", absorbed("it is known")],
    ["TicketRouted and TicketRefused of", [TicketOpened.of({}), routed, refused]],
    ["TicketRefused and TicketRefused of", [TicketOpened.of({}), refused, refused]],
  ])("and the core refuses it where it returned %s them", (what, result) => {
    const { result: verdict, reason, entity, events } = decided(result);
    expect([verdict, entity, events]).toEqual(["refused", undefined, []]);
    expect(reason).toContain(`decide returned ${what} ${BOTH}: it returns exactly one of them`);
  });

  it("where a row narrows to one of them, it may return that or nothing", () => {
    const rows = [
      "{ current_state: [null, REFUSED, LAPSED], action: decide }",
      "{ current_state: REFUSED, action: decide, output_events: [TicketOpened, TicketRefused] }\n        " +
        "- { current_state: [null, LAPSED], action: decide }",
    ] as const;
    let result: HandlerResult = [TicketOpened.of({}), refused];
    const domain = ticketsDomain(
      [rows],
      ticketsCode(() => result),
    );
    const first = taken(domain, "OpenTicket", {});
    result = nothing("still nobody");
    expect(taken(domain, "OpenTicket", {}, first.entity)).toMatchObject({ result: "no_op", reason: "still nobody" });
    expect(taken(domain, "OpenTicket", {}).result).toBe("refused");
  });
});

describe("a choice is read by everything that is made of the contracts:", () => {
  const { model } = editedTickets();

  it("a state has both as ways on", () =>
    expect(possibleTransitions(model!, null).map(({ on, leads_to }) => `${on} -> ${leads_to}`)).toEqual([
      "OpenTicket -> ROUTED",
      "OpenTicket -> REFUSED",
    ]));

  it("the graph says of both that it is either", () => {
    const { edges } = buildGraph(model!);
    for (const type of ["TicketRouted", "TicketRefused"])
      expect(edges).toContainEqual({
        ...{ from: "handler:HandlerOpenTicket", to: `event:${type}` },
        label: `either ${BOTH}`,
      });
    expect(edges).toContainEqual({ from: "handler:HandlerOpenTicket", to: "event:TicketOpened" });
  });

  it("the messages' page says who publishes it", () => {
    const about = { direction: "sent", type: "TicketRefused", topic: "t", message: TicketRefused } as const;
    expect(messagePartiesOf(about, model!).publishedBy).toContain("HandlerOpenTicket on OpenTicket");
  });

  it("the exploration takes both, and says which one it never saw", () => {
    const explored = checkModel(model!);
    expect([explored.diagnostics, explored.untaken]).toEqual([[], []]);
    const only = checkModel(
      editedTickets(
        [],
        ticketsCode(() => [TicketOpened.of({}), refused]),
      ).model!,
    );
    expect(only.untaken.map((each) => each.replace(/^.*?:\d+ /, ""))).toContain("OpenTicket: TicketRouted");
    const both = checkModel(
      editedTickets(
        [],
        ticketsCode(() => [TicketOpened.of({}), routed, refused]),
      ).model!,
    );
    expect(both.diagnostics).toMatchObject([{ code: "RC206", message: expect.stringContaining("is refused") }]);
  });
});

describe("a choice is checked:", () => {
  const choice = (by: string) => inShort(editedTickets([[BOTH, by]]));

  it("each of them by its own way", () => {
    const edit = [
      ["from_state: OPENED, trigger: TicketRefused", "from_state: ROUTED, trigger: TicketRefused"],
    ] as const;
    expect(inShort(editedTickets(edit))).toContain(
      "RC105 24 no transition accepts TicketRefused in OPENED (from null), " +
        "OPENED (from REFUSED) and OPENED (from LAPSED)",
    );
  });

  it("what follows, in the states that either leads to", () =>
    expect(choice(`${BOTH}, TicketLapsed`)).toContain(
      "RC105 24 no transition accepts TicketLapsed in REFUSED (from null), REFUSED and REFUSED (from LAPSED)",
    ));

  it("names, with the place of the one that is wrong", () => {
    const { diagnostics } = editedTickets([[BOTH, "TicketRouted | TicketRefusd"]]);
    expect(diagnostics).toMatchObject([{ code: "RC101", suggestion: "TicketRefused" }]);
    const [{ excerpt, column, width } = { excerpt: "", column: 0, width: 0 }] = diagnostics;
    expect(excerpt.slice(column - 1, column - 1 + width)).toBe("TicketRefusd");
  });

  it("an event that stands there twice", () => {
    const message = `TicketRouted is named twice, and of TicketRouted | TicketRefused exactly one is returned`;
    expect(choice(`${BOTH}, TicketRouted`)).toContain(`RC010 22 ${message}`);
  });

  it("what is no event", () =>
    expect(choice("TicketRouted | nothing")).toContainEqual(expect.stringMatching(/^RC009 22 .*one of several/)));

  it("a row without a handler, whose one event it would be", () => {
    const row = "      handler: { name: HandlerOpenTicket }\n";
    expect(
      inShort(
        editedTickets([
          [row, ""],
          ["action: decide", "output_events: [TicketRouted | TicketRefused]"],
        ]),
      ),
    ).toContain("RC010 23 without a handler a row returns exactly one event, not 2: name one, or a handler");
  });

  it("ONEX names in it", () => {
    const { model: read } = editedTickets([[BOTH, "ModelTicketRouted | ModelTicketRefused"]]);
    expect(read?.handlers[0]?.outputs.map(({ name, item }) => [name, item])).toEqual([
      ["TicketOpened", 0],
      ["TicketRouted", 1],
      ["TicketRefused", 1],
    ]);
  });
});
