import type { DomainModel, StateModel, TransitionModel } from "../model/domain-model.ts";

export type FlowNodeKind = "topic" | "signal" | "handler" | "event" | "trigger" | "intent" | "effect" | "outcome";

interface FlowNode {
  readonly id: string;
  readonly kind: FlowNodeKind;
  readonly label: string;
}
interface FlowEdge {
  readonly from: string;
  readonly to: string;
  /** What travels, where the two ends don't say it. */
  readonly label?: string;
}
export interface Flow {
  readonly nodes: readonly FlowNode[];
  readonly edges: readonly FlowEdge[];
}

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
  addEffects(model, flow);
  return { nodes: flow.nodes, edges: flow.edges };
}

class FlowBuilder {
  readonly #nodes = new Map<string, FlowNode>();
  readonly #edges = new Map<string, FlowEdge>();

  get nodes(): readonly FlowNode[] {
    return [...this.#nodes.values()];
  }
  get edges(): readonly FlowEdge[] {
    return [...this.#edges.values()];
  }

  node(kind: FlowNodeKind, label: string): string {
    const id = `${kind}:${label}`;
    this.#nodes.set(id, { id, kind, label });
    return id;
  }

  edge(from: string, to: string, label?: string): void {
    this.#edges.set([from, to, label].join("\n"), { from, to, ...(label === undefined ? {} : { label }) });
  }
}

function addInputs({ set: { orchestrator }, handlers, orchestrator: machine }: DomainModel, flow: FlowBuilder): void {
  const deadlines = [...machine.states.values()].flatMap(({ deadline }) => deadline ?? []);
  for (const { topic, event_type } of orchestrator.contract.consumed_events) {
    const from = flow.node("topic", topic);
    for (const { event, handler } of handlers)
      if (event.name === event_type) flow.edge(from, flow.node("handler", handler.name), event_type);
    for (const { name, renewedBy } of deadlines)
      if (renewedBy.some((event) => event.name === event_type))
        flow.edge(from, flow.node("signal", `deadline(${name})`), `${event_type} renews`);
  }
  const consumed = new Set(orchestrator.contract.consumed_events.map(({ event_type }) => event_type));
  for (const { event, handler } of handlers)
    if (!consumed.has(event.name)) flow.edge(flow.node("signal", event.name), flow.node("handler", handler.name));
}

function addDecisions(
  { set: { orchestrator }, handlers, orchestrator: machine }: DomainModel,
  flow: FlowBuilder,
): void {
  for (const { handler, outputs } of handlers)
    for (const { name } of outputs) flow.edge(flow.node("handler", handler.name), flow.node("event", name));
  for (const { topic, event_type } of orchestrator.contract.published_events)
    flow.edge(flow.node("event", event_type), flow.node("topic", topic));
  for (const { trigger, to } of machine.transitions)
    if (/^published\(/.test(trigger.name)) {
      const signal = flow.node("signal", trigger.name);
      flow.edge(flow.node("event", trigger.name.slice("published(".length, -1)), signal, `then ${to.name}`);
    }
}

function addReductions({ triggers, reducer, emissions, effects }: DomainModel, flow: FlowBuilder): void {
  const outcomes = new Set(effects.flatMap(({ outputs }) => outputs.map(({ name }) => name)));
  for (const { event, trigger } of triggers) {
    const kind = outcomes.has(event.name) ? "outcome" : event.kind === "event" ? "event" : "signal";
    flow.edge(flow.node(kind, event.name), flow.node("trigger", trigger.name));
  }
  for (const transition of reducer.transitions) {
    const from = flow.node("trigger", transition.trigger.name);
    const entered = transition.from.name === transition.to.name ? undefined : reducer.states.get(transition.to.name);
    for (const { action, intent } of emissions)
      if (actionNames(transition, entered).includes(action.name)) flow.edge(from, flow.node("intent", intent.name));
    if (entered?.raises) flow.edge(from, flow.node("signal", entered.raises.name), `enters ${entered.name}`);
  }
}

const actionNames = ({ actions }: TransitionModel, entered: StateModel | undefined): readonly string[] =>
  [...actions, ...(entered?.entryActions ?? [])].map(({ name }) => name);

function addEffects({ effects }: DomainModel, flow: FlowBuilder): void {
  for (const { intent, effect, outputs, mayFail } of effects) {
    const by = flow.node("effect", effect.name);
    flow.edge(flow.node("intent", intent.name), by);
    for (const { name } of outputs) flow.edge(by, flow.node("outcome", name));
    if (mayFail) flow.edge(by, flow.node("signal", `failed(${intent.name})`));
  }
}
