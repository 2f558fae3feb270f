import { readFileSync } from "node:fs";
import { z } from "zod";
import { domainCodeOf, type ModuleCode } from "../../app/host/module.ts";
import { validateFiles } from "../../runtime/contract/checks/validate.ts";
import { compileDomain } from "../../runtime/contract/compile/compile-domain.ts";
import { decodeRecord } from "../../runtime/core/decode.ts";
import type { Decision } from "../../runtime/core/decision.ts";
import type { Domain } from "../../runtime/core/domain.ts";
import type { Entity } from "../../runtime/core/entity.ts";
import { type HandlerResult, handlersOf } from "../../runtime/core/handler.ts";
import { DeadlineFired, message, type MessageDefinition } from "../../runtime/core/message.ts";
import { step } from "../../runtime/core/step.ts";

/** A domain with an event that has no topic, a choice of two events, and a message that only renews. */
const text = readFileSync(new URL("./tickets/tickets.yaml", import.meta.url), "utf8");

export const OpenTicket = message("OpenTicket", {
  ticket_id: z.string(),
  team: z
    .string()
    .optional()
    .meta({ examples: ["sales"] }),
});
const TicketSeen = message("TicketSeen", { ticket_id: z.string() });
export const TicketOpened = message("TicketOpened", {});
export const TicketRouted = message("TicketRouted", { team: z.string() });
export const TicketRefused = message("TicketRefused", {});
const TicketLapsed = message("TicketLapsed", {});
const MESSAGES: readonly MessageDefinition[] = [
  ...[OpenTicket, TicketSeen, TicketOpened, TicketRouted, TicketRefused, TicketLapsed],
];

type Decide = (team: string | undefined) => HandlerResult;
const decide: Decide = (team) => [
  TicketOpened.of({}),
  team === undefined ? TicketRefused.of({}) : TicketRouted.of({ team }),
];

const handler = handlersOf<object>();
/** @param messages stand in for those of the same type */
export const ticketsCode = (decides = decide, ...messages: readonly MessageDefinition[]): ModuleCode => ({
  messages: MESSAGES.map((each) => messages.find(({ messageType }) => messageType === each.messageType) ?? each),
  handlers: {
    HandlerOpenTicket: handler(OpenTicket, {}, { decide: ({ message: { payload } }) => decides(payload.team) }),
    HandlerAnswerDeadline: handler(DeadlineFired, {}, { lapse: () => [TicketLapsed.of({})] }),
  },
});

export type Edits = readonly (readonly [replace: string, by: string])[];

/** The contract after edits, read with the code of its domain. */
export function editedTickets(edits: Edits = [], code = ticketsCode()) {
  const edited = edits.reduce((before, [replace, by]) => {
    if (!before.includes(replace)) throw new Error(`the contract has no ${replace}`);
    return before.replace(replace, () => by);
  }, text);
  return validateFiles("tickets", [{ file: "tickets.yaml", text: edited }], domainCodeOf("tickets", code));
}

export function ticketsDomain(edits: Edits = [], code = ticketsCode()): Domain {
  const { model, diagnostics } = editedTickets(edits, code);
  if (!model) throw new Error(JSON.stringify(diagnostics));
  return compileDomain(model, { env: "dev", namespace: "" });
}

/** What the core decides about a bare payload that the broker took in at `now`. */
export function taken(domain: Domain, type: string, payload: object, entity?: Entity, now = 1_000): Decision {
  const topic = domain.consumed.find((each) => each.type === type)?.topic ?? "";
  const value = new TextEncoder().encode(JSON.stringify({ ticket_id: "t1", ...payload }));
  const record = { topic, partition: 0, offset: entity?.seq ?? 0, brokerTimeMs: now, value, headers: {} };
  return step(
    domain,
    entity,
    decodeRecord(
      domain,
      domain.consumed.filter((each) => each.topic === topic),
      record,
    ),
  );
}

/** `code line message` of each diagnostic. */
export const inShort = ({ diagnostics }: ReturnType<typeof editedTickets>): readonly string[] =>
  diagnostics.map(({ code, line, message: said }) => `${code} ${line} ${said}`);
