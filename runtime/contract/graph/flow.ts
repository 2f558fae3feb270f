import { z } from "zod";
import { formatAlternatives } from "../language/alternatives.ts";
import { formatEventPattern } from "../language/event-pattern.ts";
import type { CallModel, DomainModel, EventRef, HandlerModel, TextRef } from "../model/domain-model.ts";
import { uniqueItems } from "../model/first-by-key.ts";
import { refusalsOf } from "../model/doors.ts";
import { choicesOf, hasFunction, isOutcome, outputsOf, statesWithDeadline } from "../model/events.ts";
import { actionsOf, enteredState } from "../model/transitions.ts";

const FlowNode = z.object({
  id: z.string(),
  kind: z.enum([
    ...["topic", "signal", "handler", "event", "refusal", "trigger", "intent", "effect", "outcome"],
    ...["call", "entity", "projection", "domain"],
  ] as const),
  label: z.string(),
});
type FlowNode = z.infer<typeof FlowNode>;
const FlowEdge = z.object({
  from: z.string(),
  to: z.string(),
  label: z.string().optional().describe("what travels, where the two ends don't say it"),
});

export const flowSchema = { nodes: z.array(FlowNode), edges: z.array(FlowEdge) };
export type Flow = z.infer<z.ZodObject<typeof flowSchema>>;
export type FlowNodeKind = FlowNode["kind"];

/**
 * How one thing leads to another: topics and signals (deadlines, raised names, failures, publishes) to handlers, these
 * to events and refusals, events to topics and to the reducer's triggers, these to intents and raised names, intents to
 * effects, effects to outcomes, and outcomes to triggers. Calls of gateways lead to the topics of what they send, and
 * are led to by what they show: the domain's entities, its projections, events, or another domain. Entities, and
 * messages of a log, lead to projections.
 */
export function flowOf(model: DomainModel): Flow {
  const links = [...inputs(model), ...decisions(model), ...reductions(model), ...effects(model), ...shown(model)];
  const nodes = links.flatMap(([from, to]) => [from, to]);
  const edges = links.map(([from, to, label]) => ({ from: from.id, to: to.id, ...(label !== undefined && { label }) }));
  return { nodes: uniqueItems(nodes), edges: uniqueItems(edges) };
}

type Link = readonly [from: FlowNode, to: FlowNode, label?: string | undefined];

const node = (kind: FlowNodeKind, label: string): FlowNode => ({ id: `${kind}:${label}`, kind, label });

function* inputs(model: DomainModel): Iterable<Link> {
  const { consumed } = model;
  const handlers = model.handlers.filter(hasFunction);
  for (const { topic, name } of consumed) {
    const from = node("topic", topic.text);
    for (const { event, handler } of handlers)
      if (event.name === name) yield [from, node("handler", handler.name), name];
    for (const { deadline } of statesWithDeadline(model)) {
      const signal = formatEventPattern({ kind: "deadline", subject: deadline.name });
      if (deadline.renewedBy.some((event) => event.name === name))
        yield [from, node("signal", signal), `${name} renews`];
    }
  }
  const fromBus = new Set(consumed.map(({ name }) => name));
  for (const { event, handler } of handlers)
    if (!fromBus.has(event.name)) yield [node("signal", event.name), node("handler", handler.name)];
}

function* decisions(model: DomainModel): Iterable<Link> {
  const { handlers, published, orchestrator } = model;
  for (const handler of handlers) {
    for (const output of outputsOf(handler))
      yield [handlerNode(handler), node("event", output.name), choiceOf(handler, output)];
    for (const code of refusalsOf(model, handler)) yield [handlerNode(handler), node("refusal", code)];
  }
  for (const { topic, name } of published) if (topic) yield [node("event", name), node("topic", topic.text)];
  for (const { trigger, to } of orchestrator.transitions)
    if (trigger.kind === "published")
      yield [node("event", trigger.subject), node("signal", trigger.name), `then ${to.name}`];
}

const handlerNode = ({ handler }: HandlerModel): FlowNode => node("handler", handler.name);

/** What an event is one of, where the handler returns exactly one. */
function choiceOf({ outputs, rows }: HandlerModel, { name }: EventRef): string | undefined {
  const choices = [outputs, ...rows.map((row) => row.outputs)].flatMap(choicesOf);
  const choice = choices.find((events) => events.some((event) => event.name === name));
  return choice && `either ${formatAlternatives(choice.map((event) => event.name))}`;
}

function* reductions(model: DomainModel): Iterable<Link> {
  const { triggers, reducer, emissions, onPurge } = model;
  const kindOf = ({ kind, name }: EventRef): FlowNodeKind => {
    if (isOutcome(model, name)) return "outcome";
    return kind === "event" ? "event" : "signal";
  };
  for (const { event, trigger } of triggers) yield [node(kindOf(event), event.name), node("trigger", trigger.name)];
  for (const { name } of onPurge)
    for (const { action, intent } of emissions)
      if (action.name === name) yield [node("signal", "purge"), node("intent", intent.name)];
  for (const transition of reducer.transitions) {
    const from = node("trigger", transition.trigger.name);
    const actions = actionsOf(reducer, transition);
    for (const { action, intent } of emissions)
      if (actions.includes(action.name)) yield [from, node("intent", intent.name)];
    const entered = enteredState(reducer, transition);
    if (entered?.raises) yield [from, node("signal", entered.raises.name), `enters ${entered.name}`];
  }
}

function* effects(model: DomainModel): Iterable<Link> {
  for (const { intent, effect, outputs, mayFail } of model.effects) {
    const by = node("effect", effect.name);
    yield [node("intent", intent.name), by];
    for (const { name } of outputs) yield [by, node("outcome", name)];
    if (mayFail) yield [by, node("signal", formatEventPattern({ kind: "failed", subject: intent.name }))];
  }
}

function* shown(model: DomainModel): Iterable<Link> {
  for (const {
    name,
    function: { name: made },
    log,
  } of model.projections) {
    const projection = node("projection", name);
    if (!log) yield [node("entity", model.set.domain), projection, made];
    for (const event of log?.of ?? []) yield [sourceOf(model, event.name), projection, event.name];
  }
  for (const { calls } of model.gateways) for (const call of calls) yield* linksOfCall(model, call);
}

/** Where a message comes from. */
function sourceOf({ consumed }: DomainModel, name: string): FlowNode {
  const from = consumed.find((each) => each.name === name);
  return from ? node("topic", from.topic.text) : node("signal", name);
}

function* linksOfCall(model: DomainModel, call: CallModel): Iterable<Link> {
  const by = node("call", call.operation.text);
  const { domain } = model.set;
  const of = (name: string, own: FlowNode): FlowNode => (name === domain ? own : node("domain", name));
  const entities = (name: string): FlowNode => of(name, node("entity", name));
  const { message, exists, loads, entity, list, functions, followed, types, share, beginsWith } = call;
  const sent = message && model.consumed.find(({ written }) => written === message.text);
  if (message) yield [by, of(call.domain.text, sourceOf(model, sent?.name ?? message.text)), message.text];
  if (exists) yield [entities(exists.domain.text), by, "has to be there"];
  for (const each of loads) yield [entities(each.domain.text), by, `loaded as ${each.name}`];
  if (entity) yield [entities(entity.domain.text), by];
  if (share) yield [entities(share.entity.domain.text), by, `opens ${share.opens.map(({ text }) => text).join(", ")}`];
  const rows = ({ text }: TextRef, from: TextRef): Link => {
    const isOwn = from.text === domain;
    return [of(from.text, node("projection", text)), by, isOwn ? undefined : text];
  };
  if (list) yield rows(list.projection, call.domain);
  if (beginsWith) yield rows(beginsWith.projection, beginsWith.domain);
  for (const { run } of functions) yield [entities(call.domain.text), by, run.name];
  const wanted = types.map(({ text }) => text);
  for (const { text } of followed)
    if (text !== domain) yield [node("domain", text), by, wanted.join(", ") || "events"];
    else
      for (const { name, written } of model.published)
        if (wanted.length === 0 || wanted.includes(written)) yield [node("event", name), by];
}
