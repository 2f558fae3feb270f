import { describe, expect, it } from "vitest";
import { z } from "zod";
import { domainCodeOf } from "../../app/host/module.ts";
import { compileDomain } from "../../runtime/contract/compile/compile-domain.ts";
import { checkModel } from "../../runtime/contract/exploration/check-model.ts";
import { buildGraph, renderGraph } from "../../runtime/contract/graph/graph.ts";
import type { DomainModel } from "../../runtime/contract/model/domain-model.ts";
import { validateDomain } from "../../runtime/contract/checks/validate.ts";
import { decodeRecord } from "../../runtime/core/decode.ts";
import type { Decision } from "../../runtime/core/decision.ts";
import type { Domain } from "../../runtime/core/domain.ts";
import type { Entity } from "../../runtime/core/entity.ts";
import { message } from "../../runtime/core/message.ts";
import { reducer } from "../../runtime/core/reducer.ts";
import { step } from "../../runtime/core/step.ts";
import { blocksOf } from "../tidy/guide-blocks.ts";
import {
  BookingCancelled,
  BookingRequested,
  bookingsCode,
  bookingsFolder,
  bookingsText,
  editedBookings,
} from "./bookings-domain.ts";

const { model, diagnostics } = validateDomain(bookingsFolder, domainCodeOf("room_bookings", bookingsCode));
const compiled = (namespace = "acme"): Domain => compileDomain(model!, { env: "dev", namespace });

/** What the core decides about a bare payload on a topic of the domain. */
function taken(domain: Domain, payload: object, entity?: Entity): Decision {
  const record = { topic: domain.consumed[0]!.topic, partition: 0, offset: entity?.seq ?? 0, brokerTimeMs: 0 };
  const value = new TextEncoder().encode(JSON.stringify(payload));
  return step(domain, entity, decodeRecord(domain, domain.consumed, { ...record, value, headers: {} }));
}

describe("a domain that leaves out what has a default", () => {
  it("has at most 40 lines, in one file, and no problems", () => {
    expect(bookingsText.trimEnd().split("\n").length).toBeLessThanOrEqual(40);
    expect(diagnostics).toEqual([]);
    expect(checkModel(model!).diagnostics).toEqual([]);
  });

  it("is the example of the reference", () => {
    const [example] = blocksOf("docs/reference/contracts.md").filter(({ language }) => language === "yaml");
    expect(bookingsText.replace(/^#.*\n/, "")).toBe(example?.text);
  });

  it("has topics by rule, for commands, beats, events and dead letters", () => {
    const domain = compiled();
    expect(domain.consumed.map(({ topic }) => topic)).toEqual(["dev.acme.room-bookings.cmd.v1"]);
    expect([...domain.topicByEventType]).toEqual([["BookingConfirmed", "dev.acme.room-bookings.evt.v1"]]);
    expect(domain.deadLetterTopic).toBe("dev.acme.room-bookings.dlq.v1");
    expect(compiled("").deadLetterTopic).toBe("dev.room-bookings.dlq.v1");
    const beats = editedBookings([
      ["{ event_type: BookingRequested }", "{ event_type: BookingRequested, journal: false }"],
    ]);
    expect(beats.model?.consumed[0]?.topic.text).toBe("{env}.{namespace}.room-bookings.beat.v1");
  });

  it("gives an event the message's fields of the same names, and keeps the last event's payload", () => {
    const domain = compiled();
    const first = taken(domain, { booking_id: "b1", room: "blue", guests: 2, more: "is not the event's" });
    expect(first.result).toBe("changed");
    const [{ payload } = { payload: {} }] = first.events;
    expect(payload).toMatchObject({ booking_id: "b1", room: "blue", guests: 2, attempt: 1, entity_seq: 1 });
    expect(payload).toHaveProperty("attempt_id", first.entity?.attempt.id);
    expect(payload).not.toHaveProperty("more");
    expect(first.entity).toMatchObject({ state: "CONFIRMED", data: { room: "blue", guests: 2 } });
    const second = taken(domain, { booking_id: "b1", room: "red" }, first.entity);
    expect(second.entity?.attempt.number).toBe(2);
    expect(second.entity?.data).toEqual({ room: "red" });
  });

  it("knows the kept payload's fields in conditions", () => {
    const row = "{ event_model: { name: BookingRequested }, output_events: [BookingConfirmed] }";
    const withRow = (when: string) =>
      editedBookings([
        [
          row,
          "event_model: { name: BookingRequested }\n      output_events: [BookingConfirmed]\n" +
            "      state_decision_matrix:\n" +
            `        - { current_state: CONFIRMED, when: "${when}", action: no_op, reason: "the same room" }\n` +
            '        - { current_state: "*" }',
        ],
      ]);
    const domain = compileDomain(withRow("room == state.room").model!, { env: "dev", namespace: "" });
    const booked = taken(domain, { booking_id: "b1", room: "blue" });
    expect(taken(domain, { booking_id: "b1", room: "blue" }, booked.entity).reason).toBe("the same room");
    expect(taken(domain, { booking_id: "b1", room: "red" }, booked.entity).result).toBe("changed");
    expect(withRow("room == state.rom").diagnostics).toMatchObject([{ code: "RC108", suggestion: "state.room" }]);
  });

  it("shows defaults in the graph", () => {
    const graph = buildGraph(model!);
    expect(graph.machines.map(({ name }) => name)).toEqual(["bookings", "bookings_data"]);
    expect(graph.edges).toContainEqual({
      from: "topic:{env}.{namespace}.room-bookings.cmd.v1",
      to: "handler:copy(BookingRequested)",
      label: "BookingRequested",
    });
    expect(graph.edges).toContainEqual({ from: "handler:copy(BookingRequested)", to: "event:BookingConfirmed" });
    expect(renderGraph(model!, "mermaid")).toContain("idle --> idle: event / keep_payload");
  });

  it("is the same when its defaults are written out", () => {
    const written = editedBookings([
      [
        "{ event_type: BookingRequested }",
        '{ event_type: BookingRequested, topic: "{env}.{namespace}.room-bookings.cmd.v1" }',
      ],
      [
        "{ event_type: BookingConfirmed }",
        '{ event_type: BookingConfirmed, topic: "{env}.{namespace}.room-bookings.evt.v1" }',
      ],
      [
        "handler_routing:",
        'dead_letter_topic: "{env}.{namespace}.room-bookings.dlq.v1"\n' +
          "attempt: { id: attempt_id, started_by: BookingConfirmed }\n" +
          "handler_routing:\n  routing_strategy: payload_type_match",
      ],
      ["  states:", "  state_machine_name: bookings\n  initial_state: null\n  states:"],
    ]).model;
    const shown = ({ consumed, published, deadLetterTopic, attemptIdField, startedBy, orchestrator }: DomainModel) => ({
      topics: [...consumed, ...published].map(({ topic }) => topic?.text).concat(deadLetterTopic.text),
      attempt: [attemptIdField, startedBy.name],
      machine: [orchestrator.name, orchestrator.initial],
    });
    expect(shown(written!)).toEqual(shown(model!));
  });
});

const HANDLER = "{ event_model: { name: BookingRequested }, output_events: [BookingConfirmed] }";
const inShort = ({ diagnostics: found }: ReturnType<typeof editedBookings>): readonly string[] =>
  found.map(({ code, line, message: text }) => `${code} ${line} ${text}`);

describe("a default that can't be filled is a diagnostic:", () => {
  const withEvent = (shape: z.ZodRawShape) =>
    inShort(editedBookings([], { messages: [BookingRequested, message("BookingConfirmed", shape)] }));
  const copied = "without a handler BookingConfirmed gets its fields from BookingRequested";

  it("a field that the message lacks", () => {
    expect(withEvent({ rooms: z.string() })).toEqual([`RC108 13 ${copied}: it has no rooms`]);
    expect(withEvent({ seats: z.string().optional() })).toEqual([`RC108 13 ${copied}: it has no seats`]);
  });

  it("a field that the message may lack, and the event may not", () =>
    expect(withEvent({ guests: z.number() })).toEqual([`RC108 13 ${copied}: it may lack guests`]));

  it("a field of another type", () =>
    expect(withEvent({ room: z.number() })).toEqual([`RC108 13 ${copied}: its room is of another type`]));

  it("but not a field that every event gets from the runtime", () =>
    expect(withEvent({ booking_id: z.string(), attempt_id: z.string(), correlation_id: z.string() })).toEqual([]));

  it("an action without a handler", () =>
    expect(inShort(editedBookings([[HANDLER, HANDLER.replace(" }, ", " }, action: confirm, ")]]))).toEqual([
      "RC006 13 the key handler is missing: confirm is an action of one",
    ]));

  it("a row with two events, or with none", () => {
    const code = { messages: [...bookingsCode.messages, BookingCancelled] };
    const events = "  - { event_type: BookingConfirmed }";
    const both = inShort(
      editedBookings(
        [
          [events, `${events}\n  - { event_type: BookingCancelled }`],
          [HANDLER, HANDLER.replace("Confirmed]", "Confirmed, BookingCancelled]")],
        ],
        code,
      ),
    );
    expect(both[0]).toBe("RC010 14 without a handler a row returns exactly one event, not 2: name one, or a handler");
    const none = inShort(editedBookings([[HANDLER, HANDLER.replace(", output_events: [BookingConfirmed]", "")]]));
    expect(none).toContain("RC010 13 without a handler a row returns exactly one event, not 0: name one, or a handler");
  });

  it("two events that lead from null", () => {
    const code = { messages: [...bookingsCode.messages, message("BookingWaits", { room: z.string() })] };
    const published = "  - { event_type: BookingConfirmed }";
    const two = editedBookings(
      [
        [published, `${published}\n  - { event_type: BookingWaits }`],
        [
          HANDLER,
          "event_model: { name: BookingRequested }\n      output_events: [BookingConfirmed, BookingWaits]\n" +
            "      state_decision_matrix:\n" +
            '        - { current_state: "*", when: "guests > 9", output_events: [BookingWaits] }\n' +
            '        - { current_state: "*", output_events: [BookingConfirmed] }',
        ],
        [
          "  transitions:",
          "  transitions:\n    - { from_state: [null, CONFIRMED], trigger: BookingWaits, to_state: CONFIRMED }",
        ],
      ],
      code,
    );
    expect(inShort(two)).toEqual([
      "RC006 24 BookingWaits and BookingConfirmed lead from null: attempt.started_by has to name one of them",
    ]);
  });

  it("an entity's id that is called like an attempt's", () =>
    expect(inShort(editedBookings([["entity_id: booking_id", "entity_id: attempt_id"]]))[0]).toBe(
      "RC010 6 the entity and the attempt have the same id field",
    ));

  it("code that nothing can call: a reducer without its contract", () => {
    const code = { ...bookingsCode, reducer: reducer(z.object({}), { note: () => ({}) }, {}) };
    expect(inShort(editedBookings([], code))).toEqual([
      "RC101 17 state update note is in code, but no contract names it",
    ]);
  });
});

const onOneTopic = (skips: boolean): Domain => {
  const rows = [BookingRequested, BookingCancelled].map((definition) => ({
    ...{ topic: "t", type: definition.messageType, message: definition, journal: true, skipsOtherTypes: skips },
  }));
  return { ...compiled(), consumed: rows };
};

describe("a topic with several types", () => {
  const payload = { booking_id: "b1", room: "blue", reason: "late" };
  const decoded = (value: object, headers: Readonly<Record<string, string>> = {}, skips = false) => {
    const domain = onOneTopic(skips);
    const bytes = new TextEncoder().encode(JSON.stringify(value));
    const record = { topic: "t", partition: 0, offset: 0, value: bytes, headers, brokerTimeMs: 0 };
    return decodeRecord(domain, domain.consumed, record).type;
  };

  it("takes the type that an envelope, a CloudEvent or a header names", () => {
    expect(decoded({ payload_type: "BookingCancelled", payload })).toBe("BookingCancelled");
    expect(decoded({ specversion: "1.0", type: "room_bookings.booking-requested", data: payload })).toBe(
      "BookingRequested",
    );
    expect(decoded(payload, { ce_specversion: "1.0", ce_type: "BookingCancelled" })).toBe("BookingCancelled");
    expect(decoded(payload, { event_type: "room_bookings.booking-cancelled" })).toBe("BookingCancelled");
  });

  it("says of a message that names none what to do", () =>
    expect(() => decoded(payload, {}, true)).toThrow(
      "the topic takes BookingRequested, BookingCancelled, the message names none: give payload_type, " +
        "a CloudEvent's type or the header event_type",
    ));

  it("refuses other types, or skips them where the contract says so", () => {
    const other = { payload_type: "BookingMoved", payload };
    expect(() => decoded(other)).toThrow('the message says "BookingMoved"');
    expect(() => decoded(other, {}, true)).toThrow("messages of the type BookingMoved are skipped");
  });
});

it("a topic with one type takes a bare payload as that type, whatever its headers say", () => {
  const domain = compiled();
  const value = new TextEncoder().encode(JSON.stringify({ booking_id: "b1", room: "blue" }));
  const record = { topic: "t", partition: 0, offset: 0, value, headers: { event_type: "other" }, brokerTimeMs: 0 };
  expect(decodeRecord(domain, domain.consumed, record).type).toBe("BookingRequested");
});
