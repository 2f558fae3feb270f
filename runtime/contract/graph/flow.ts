import { z } from "zod";
import { formatEventPattern } from "../language/event-pattern.ts";
import type { DomainModel, EffectModel, EventRef } from "../model/domain-model.ts";
import { isOutcome, outputsOf, statesWithDeadline } from "../model/events.ts";
import { actionsOf, enteredState } from "../model/transitions.ts";

const FlowNode = z.object({
  id: z.string(),
  kind: z.enum(["topic", "signal", "handler", "event", "trigger", "intent", "effect", "outcome"]),
  label: z.string(),
});
type FlowNode = z.infer<typeof FlowNode>;
const FlowEdge = z.object({
  from: z.string(),
  to: z.string(),
  label: z.string().optional().describe("what travels, where the two ends don't say it"),
});
type FlowEdge = z.infer<typeof FlowEdge>;

export const flowSchema = { nodes: z.array(FlowNode), edges: z.array(FlowEdge) };
export type Flow = z.infer<z.ZodObject<typeof flowSchema>>;
export type FlowNodeKind = FlowNode["kind"];

/**
 * How one thing leads to another: topics and signals (deadlines, raised names, failures, publishes) to handlers, these
 * to events, events to topics and to the reducer's triggers, these to intents and raised names, intents to effects,
 * effects to outcomes, and outcomes to triggers.
 */
export function flowOf(model: DomainModel): Flow {
  const flow = new FlowBuilder();
  addInputs(model, flow);
  addDecisions(model, flow);
  addReductions(model, flow);
  for (const effect of model.effects) addEffect(effect, flow);
  return { nodes: flow.nodes, edges: flow.edges };
}

class FlowBuilder {
  readonly #nodes = new Map<string, FlowNode>();
  readonly #edges = new Map<string, FlowEdge>();

  get nodes(): FlowNode[] {
    return [...this.#nodes.values()];
  }
  get edges(): FlowEdge[] {
    return [...this.#edges.values()];
  }

  node(kind: FlowNodeKind, label: string): string {
    const id = `${kind}:${label}`;
    this.#nodes.set(id, { id, kind, label });
    return id;
  }

  edge(from: string, to: string, label?: string): void {
    this.#edges.set([from, to, label].join("\n"), { from, to, ...(label !== undefined && { label }) });
  }
}

function addInputs(model: DomainModel, flow: FlowBuilder): void {
  const { consumed, handlers } = model;
  for (const { topic, name } of consumed) {
    const from = flow.node("topic", topic.text);
    for (const { event, handler } of handlers)
      if (event.name === name) flow.edge(from, flow.node("handler", handler.name), name);
    for (const { deadline } of statesWithDeadline(model)) {
      const signal = formatEventPattern({ kind: "deadline", subject: deadline.name });
      if (deadline.renewedBy.some((event) => event.name === name))
        flow.edge(from, flow.node("signal", signal), `${name} renews`);
    }
  }
  const fromBus = new Set(consumed.map(({ name }) => name));
  for (const { event, handler } of handlers)
    if (!fromBus.has(event.name)) flow.edge(flow.node("signal", event.name), flow.node("handler", handler.name));
}

function addDecisions(model: DomainModel, flow: FlowBuilder): void {
  for (const handler of model.handlers)
    for (const { name } of outputsOf(handler))
      flow.edge(flow.node("handler", handler.handler.name), flow.node("event", name));
  for (const { topic, name } of model.published) flow.edge(flow.node("event", name), flow.node("topic", topic.text));
  for (const { trigger, to } of model.orchestrator.transitions)
    if (trigger.kind === "published") {
      const signal = flow.node("signal", trigger.name);
      flow.edge(flow.node("event", trigger.subject), signal, `then ${to.name}`);
    }
}

function addReductions(model: DomainModel, flow: FlowBuilder): void {
  const { triggers, reducer, emissions } = model;
  const kindOf = ({ kind, name }: EventRef): FlowNodeKind => {
    if (isOutcome(model, name)) return "outcome";
    return kind === "event" ? "event" : "signal";
  };
  for (const { event, trigger } of triggers)
    flow.edge(flow.node(kindOf(event), event.name), flow.node("trigger", trigger.name));
  for (const transition of reducer.transitions) {
    const from = flow.node("trigger", transition.trigger.name);
    const actions = actionsOf(reducer, transition);
    for (const { action, intent } of emissions)
      if (actions.includes(action.name)) flow.edge(from, flow.node("intent", intent.name));
    const entered = enteredState(reducer, transition);
    if (entered?.raises) flow.edge(from, flow.node("signal", entered.raises.name), `enters ${entered.name}`);
  }
}

function addEffect({ intent, effect, outputs, mayFail }: EffectModel, flow: FlowBuilder): void {
  const by = flow.node("effect", effect.name);
  flow.edge(flow.node("intent", intent.name), by);
  for (const { name } of outputs) flow.edge(by, flow.node("outcome", name));
  if (mayFail) flow.edge(by, flow.node("signal", formatEventPattern({ kind: "failed", subject: intent.name })));
}
