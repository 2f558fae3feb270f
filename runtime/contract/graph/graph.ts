import { z } from "zod";
import { LIFECYCLES, NO_ENTITY } from "../../core/domain.ts";
import { xstateConfigOf } from "../../core/machine.ts";
import { describeMachine } from "../compile/compile-domain.ts";
import type { DomainModel, MachineModel, StateModel } from "../model/domain-model.ts";
import { flowOf, flowSchema } from "./flow.ts";
import { flowchart, stateDiagram } from "./mermaid.ts";

export const GRAPH_FORMATS = ["mermaid", "xstate", "json"] as const;
export type GraphFormat = (typeof GRAPH_FORMATS)[number];

const MachineState = z.object({
  name: z.string(),
  terminal: z.boolean(),
  rests: z.boolean().describe("nobody waits for an entity to leave it"),
  transient: z.boolean(),
  entry_actions: z.array(z.string()),
  deadline: z.string().optional(),
  retain: z.string().optional().describe("how long an entity that ended here is kept before it is purged"),
  raises: z.string().optional(),
});
const MachineTransition = z.object({
  from: z.string(),
  trigger: z.string(),
  to: z.string(),
  conditions: z.array(z.string()),
  actions: z.array(z.string()),
});
/** One of the two machines; a list of states or triggers in the contract is several transitions here. */
const MachineGraph = z.object({
  name: z.string(),
  initial: z.string(),
  states: z.array(MachineState),
  transitions: z.array(MachineTransition),
});
export type MachineGraph = z.infer<typeof MachineGraph>;

export const ContractGraph = z.object({
  domain: z.string(),
  lifecycle: z.enum(LIFECYCLES),
  machines: z.array(MachineGraph).describe("the orchestrator's, then the reducer's"),
  ...flowSchema,
});
export type ContractGraph = z.infer<typeof ContractGraph>;

/**
 * A domain's two machines, and the flow from topics through handlers, events, triggers, intents and effects back.
 * `mermaid`: Markdown with three diagrams. `xstate`: both machines' configs by name, as Stately imports them. `json`:
 * machines, nodes and edges, for other programs.
 * @param model as `validateDomain` let it pass
 */
export function renderGraph(model: DomainModel, format: GraphFormat): string {
  if (format === "mermaid") return mermaid(model);
  return JSON.stringify(format === "xstate" ? xstateConfigs(model) : buildGraph(model), null, 2);
}

/** What the format `json` writes. */
export const buildGraph = (model: DomainModel): ContractGraph => ({
  domain: model.set.domain,
  lifecycle: model.lifecycle,
  machines: [model.orchestrator, model.reducer].map(machineGraph),
  ...flowOf(model),
});

function xstateConfigs({ orchestrator, reducer }: DomainModel) {
  const configs = [orchestrator, reducer].map((machine) => xstateConfigOf(describeMachine(machine)));
  return Object.fromEntries(configs.map((config) => [config.id, config]));
}

function mermaid(model: DomainModel): string {
  const { orchestrator, reducer, set } = model;
  const sections = [
    [orchestrator.name, stateDiagram(orchestrator, true)],
    [reducer.name, stateDiagram(reducer, false)],
    [`${set.domain} flow`, flowchart(flowOf(model))],
  ];
  return sections.map(([title, diagram]) => `## ${title}\n\n\`\`\`mermaid\n${diagram}\n\`\`\`\n`).join("\n");
}

const machineGraph = ({ name, initial, states, transitions }: MachineModel): MachineGraph => ({
  name,
  initial,
  states: [...states.values()].map(machineState),
  transitions: transitions.map(({ from, trigger, to, conditions, actions }) => ({
    ...{ from: from.name, trigger: trigger.name, to: to.name },
    conditions: conditions.map(({ text }) => text),
    actions: actions.map((action) => action.name),
  })),
});

const machineState = ({ name, entryActions, deadline, retain, raises, ...kind }: StateModel) => ({
  name,
  // In a graph the place before there is an entity is no end: the page draws ends apart.
  terminal: kind.terminal && name !== NO_ENTITY,
  rests: kind.rests,
  transient: kind.transient,
  entry_actions: entryActions.map((action) => action.name),
  ...(deadline && { deadline: deadline.name }),
  ...(retain !== undefined && { retain }),
  ...(raises && { raises: raises.name }),
});
