import { describe, expect, it } from "vitest";
import { buildGraph } from "../../runtime/contract/graph/graph.ts";
import { editedTickets, type Edits, inShort, taken, ticketsDomain } from "./tickets-domain.ts";

const RENEW = "{ event_model: { name: TicketSeen }, action: renew }";
const domain = ticketsDomain();
const routed = taken(domain, "OpenTicket", { team: "sales" }, undefined, 1_000).entity;
const refused = taken(domain, "OpenTicket", {}).entity;

describe("a deadline that is longer than a time", () => {
  const longer: Edits = [
    ["after: 60s,", "after: { longer_than: 60s },"],
    ["renewed_for: 60s", "renewed_for: { longer_than: 60s }"],
  ];

  it("is due one millisecond after that time, so that a message which comes at its end is in time", () => {
    const entity = taken(ticketsDomain(longer), "OpenTicket", { team: "sales" }, undefined, 1_000).entity;
    expect(entity?.deadlines).toEqual({ answer: { at: 61_001, renewedAt: null } });
    const renewed = taken(ticketsDomain(longer), "TicketSeen", {}, entity, 61_000);
    expect(renewed.entity?.deadlines).toEqual({ answer: { at: 121_001, renewedAt: 61_000 } });
  });

  it("is a duration like any other", () => {
    for (const [written, diagnostic] of [
      ["{ longer_than: 60 }", /^RC008 .*a duration is an integer/],
      ["{ longer_than: 4000d }", /^RC010 .*out of range: 1ms to 3650d/],
      ["{ longer: 60s }", /^RC00[56] /],
      ["{}", /^RC006 .*longer_than is missing/],
      ["60", /^RC008 .*or \{ longer_than: 30s \}/],
    ] as const)
      expect([written, inShort(editedTickets([["after: 60s", `after: ${written}`]]))[0]]).toEqual([
        written,
        expect.stringMatching(diagnostic),
      ]);
  });
});

describe("action: renew", () => {
  it("moves the armed deadline that names the event, and does nothing else", () => {
    const decision = taken(domain, "TicketSeen", {}, routed, 5_000);
    expect(decision).toMatchObject({ result: "renewed", reason: "deadline renewed", events: [], moves: [] });
    expect(decision.entity).toEqual({ ...routed, deadlines: { answer: { at: 65_000, renewedAt: 5_000 } } });
  });

  it("moves it forward only", () => {
    const later = taken(domain, "TicketSeen", {}, routed, 9_000).entity;
    const decision = taken(domain, "TicketSeen", {}, later, 7_000);
    expect(decision).toMatchObject({ result: "no_op", reason: expect.stringMatching(/^answer stays at /) });
    expect(decision.entity).toBe(later);
  });

  it("changes nothing where none is armed, and says so", () => {
    const decision = taken(domain, "TicketSeen", {}, refused);
    expect(decision).toMatchObject({
      result: "no_op",
      reason: "TicketSeen: nothing to renew in REFUSED (reducer idle)",
    });
    expect(decision.entity).toBe(refused);
    expect(taken(domain, "TicketSeen", {}).entity).toBeUndefined();
  });

  it("moves no deadline that does not name the event, also where one of another state does", () => {
    const other = ticketsDomain([
      ["{ state_name: REFUSED, is_terminal: true }", "{ state_name: REFUSED, deadline: { name: appeal, after: 90s } }"],
      ["  transitions:", "  transitions:\n    - { from_state: REFUSED, trigger: TicketLapsed, to_state: LAPSED }"],
      [
        `    - ${RENEW}`,
        `    - ${RENEW}\n    - event_model: { name: deadline(appeal) }\n` +
          "      handler: { name: HandlerAnswerDeadline }\n      action: lapse\n      output_events: [TicketLapsed]",
      ],
    ]);
    const waiting = taken(other, "OpenTicket", {}).entity;
    expect(Object.keys(waiting?.deadlines ?? {})).toEqual(["appeal"]);
    const decision = taken(other, "TicketSeen", {}, waiting, 80_000);
    expect(decision).toMatchObject({ result: "no_op", reason: expect.stringContaining("nothing to renew in REFUSED") });
    expect(decision.entity).toBe(waiting);
  });

  it("can be a row's, beside functions", () => {
    const some = ticketsDomain([
      [
        RENEW,
        "event_model: { name: TicketSeen }\n      state_decision_matrix:\n" +
          "        - { current_state: ROUTED, action: renew }\n" +
          '        - { current_state: "*", action: no_op, reason: "nobody works on it" }',
      ],
    ]);
    expect(taken(some, "TicketSeen", {}, routed, 5_000).result).toBe("renewed");
    expect(taken(some, "TicketSeen", {}, refused).reason).toBe("nobody works on it");
  });

  it("is drawn from the message to the deadline, and has no function", () => {
    const { edges, nodes } = buildGraph(editedTickets().model!);
    expect(edges.filter(({ label }) => label?.startsWith("TicketSeen"))).toEqual([
      {
        ...{ from: "topic:{env}.{namespace}.tickets.beat.v1", to: "signal:deadline(answer)" },
        label: "TicketSeen renews",
      },
    ]);
    expect(nodes.map(({ id }) => id)).not.toContain("handler:copy(TicketSeen)");
  });
});

describe("a renewal is checked:", () => {
  it("a message that is only named under renewed_by has no row", () => {
    const { diagnostics } = editedTickets([[`    - ${RENEW}\n`, ""]]);
    expect(diagnostics).toMatchObject([{ code: "RC102", remedy: expect.stringContaining("action: renew") }]);
  });

  it("a row where no deadline has the message under renewed_by", () => {
    const nowhere = [["renewed_by: [TicketSeen]", "renewed_by: [OpenTicket]"]] as const;
    expect(inShort(editedTickets(nowhere))).toEqual([
      "RC110 26 TicketSeen renews nothing in any of its states: no deadline there has it under renewed_by",
      "RC110 36 OpenTicket never renews answer: its row in ROUTED is a no_op",
    ]);
    const matrix = (state: string) =>
      "event_model: { name: TicketSeen }\n      state_decision_matrix:\n" +
      `        - { current_state: ${state}, action: renew }\n` +
      '        - { current_state: "*", action: no_op, reason: "no" }';
    expect(inShort(editedTickets([[RENEW, matrix("[ROUTED, LAPSED]")]]))).toEqual([
      "RC110 28 TicketSeen renews nothing in LAPSED: no deadline there has it under renewed_by",
    ]);
    expect(inShort(editedTickets([[RENEW, matrix("ROUTED")]]))).toEqual([]);
  });

  it("events and reasons, which it can't have", () => {
    const row = (more: string) => inShort(editedTickets([[RENEW, RENEW.replace("renew }", `renew, ${more} }`)]]));
    expect(row("output_events: [TicketOpened]")).toContain("RC010 26 a renew has no events");
    expect(row("reason: no")).toContain("RC010 26 only a no_op has a reason");
  });

  it("its name, which is no function's", () =>
    expect(editedTickets([[RENEW, RENEW.replace("renew }", "renw }")]]).diagnostics[0]).toMatchObject({
      code: "RC006",
      message: "the key handler is missing: renw is an action of one",
    }));
});
