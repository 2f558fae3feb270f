import { z } from "zod";
import type { DomainCode } from "../../core/domain.ts";
import type { Handler, HandlerAction } from "../../core/handler.ts";
import { DeadlineFired, IntentFailed, type MessageDefinition, type Payload } from "../../core/message.ts";
import { type Reducer, reducer } from "../../core/reducer.ts";
import { parseEventPattern } from "../language/event-pattern.ts";
import { DEFAULT_ATTEMPT_ID, type OrchestratorContract, type ReducerContract } from "../language/schema.ts";
import type { ContractSet, LoadedContract } from "../reading/contract-source.ts";
import { givenFields } from "./event-fields.ts";
import { firstByKey } from "./first-by-key.ts";

const KEEP_PAYLOAD = "keep_payload";
const NOTHING_DECLARED = { deadlines: [], reads: [], refusals: [] };

/** No code can have this name. */
export const copyHandlerName = (event: string): string => `copy(${event})`;

/**
 * A domain's code with what its contracts leave out: for a row without `handler` one that copies the message's fields,
 * and without a reducer the one of `defaultReducer`.
 */
export function withDefaultCode(set: ContractSet, code: DomainCode): DomainCode {
  const { contract } = set.orchestrator;
  const messages = firstByKey(code.messages.map((each) => [each.messageType, each]));
  const handlers = { ...code.handlers, ...copyHandlers(contract, messages) };
  return { ...code, handlers, ...(!set.reducer && { reducer: payloadReducer(contract, messages, code.reducer) }) };
}

type Messages = ReadonlyMap<string, MessageDefinition>;

function copyHandlers({ handler_routing, ...contract }: OrchestratorContract, messages: Messages) {
  const handlers: Record<string, Handler> = {};
  for (const row of handler_routing.handlers) {
    const { handler, event_model, output_events = [], state_decision_matrix: matrix = [row] } = row;
    const message = takenMessage(event_model.name, messages);
    if (handler || !message) continue;
    const copying = matrix.filter(({ action, refuse }) => action === undefined && refuse === undefined);
    const returned = copying.flatMap((each) => (each.output_events ?? output_events).slice(0, 1));
    const actions = returned.flatMap((name) => {
      const event = messages.get(name);
      if (!event) return [];
      const fields = givenFields(event.shape, contract.entity_id, contract.attempt?.id ?? DEFAULT_ATTEMPT_ID);
      return [[name, copyInto(name, fields)] as const];
    });
    handlers[copyHandlerName(event_model.name)] = {
      message,
      ...NOTHING_DECLARED,
      actions: Object.fromEntries(actions),
    };
  }
  return handlers;
}

/** What a handler of the event takes. */
function takenMessage(pattern: string, messages: Messages): MessageDefinition | undefined {
  const { kind, subject } = parseEventPattern(pattern);
  if (kind === "deadline") return DeadlineFired;
  return kind === "failed" ? IntentFailed : messages.get(subject);
}

const copyInto =
  (type: string, fields: readonly string[]): HandlerAction<never, never> =>
  ({ message: { payload } }) => [{ type, payload: pick(payload, fields) }];

const pick = (payload: Payload, fields: readonly string[]): Payload =>
  Object.fromEntries(fields.flatMap((name) => (Object.hasOwn(payload, name) ? [[name, payload[name]]] : [])));

/** The reducer of a domain that has none: the data is the payload of the last event. */
export function defaultReducer(
  { contract, ...source }: LoadedContract<OrchestratorContract>,
  { messages }: DomainCode,
): LoadedContract<ReducerContract> {
  const { name, contract_version, domain, published_events } = contract;
  // What code does not have is reported where the event is published.
  const known = messages.map(({ messageType }) => messageType);
  const events = new Set(published_events.map(({ event_type }) => event_type).filter((type) => known.includes(type)));
  return {
    ...source,
    problems: [],
    spanAt: () => source.spanAt(["published_events"], "key"),
    contract: {
      ...{ name: `${name}_data`, node_type: "REDUCER", contract_version, domain },
      consumed_events: [...events].map((event_type) => ({ event_type, trigger: "event" })),
      state_machine: {
        initial_state: "idle",
        states: [{ state_name: "idle", rests: true }],
        transitions: [{ from_state: "idle", trigger: "event", to_state: "idle", actions: [KEEP_PAYLOAD] }],
      },
    },
  };
}

/** @param given its updates and builders stay, so that the checks report them: no contract names them */
function payloadReducer({ published_events }: OrchestratorContract, messages: Messages, given: Reducer): Reducer {
  const shapes = published_events.map(({ event_type }): z.core.$ZodShape => messages.get(event_type)?.shape ?? {});
  const fields = [...new Set(shapes.flatMap((shape) => Object.keys(shape)))];
  const typesOf = (name: string) => shapes.flatMap((shape) => shape[name] ?? []);
  const schema = z.object(Object.fromEntries(fields.map((name) => [name, z.optional(z.union(typesOf(name)))])));
  const keepPayload = (_: unknown, { payload }: { readonly payload: Payload }) => pick(payload, fields);
  const kept = reducer(schema, { [KEEP_PAYLOAD]: keepPayload }, {});
  return { ...kept, updates: { ...given.updates, ...kept.updates }, builders: given.builders };
}
