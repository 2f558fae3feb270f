import type { DomainCode } from "../../core/domain-code.ts";
import { xstateConfigOf } from "../../core/machine.ts";
import type { DomainModel, MachineModel } from "../model/domain-model.ts";
import { NameResolver } from "../model/name-resolver.ts";
import { buildDomainModel } from "../model/build-domain-model.ts";
import { describeOrchestrator, describeReducer } from "../compile/compile-machines.ts";
import { type Flow, flowOf } from "./flow.ts";
import { flowchart, stateDiagram } from "./mermaid.ts";
import type { ContractSet } from "../reading/contract-source.ts";

export const GRAPH_FORMATS = ["mermaid", "xstate", "json"] as const;
export type GraphFormat = (typeof GRAPH_FORMATS)[number];

/**
 * A domain's two machines, and the flow from topics through handlers, events, triggers, intents and effects back.
 * `mermaid`: Markdown with three diagrams. `xstate`: both machines' configs by name, as Stately imports them. `json`:
 * machines, nodes and edges, for other programs.
 * @param set as `validateDomain` let it pass
 */
export function renderGraph(set: ContractSet, code: DomainCode, format: GraphFormat): string {
  if (format === "xstate") return json(xstateConfigs(set));
  return format === "mermaid" ? mermaid(buildDomainModel(set, code, new NameResolver())) : json(buildGraph(set, code));
}

/** One of the two machines; a list of states or triggers in the contract is several transitions here. */
interface MachineGraph {
  readonly name: string;
  readonly initial: string;
  readonly states: readonly {
    readonly name: string;
    readonly terminal: boolean;
    readonly transient: boolean;
    readonly entry_actions: readonly string[];
    readonly deadline?: string;
    readonly raises?: string;
  }[];
  readonly transitions: readonly {
    readonly from: string;
    readonly trigger: string;
    readonly to: string;
    readonly conditions: readonly string[];
    readonly actions: readonly string[];
  }[];
}
export interface Graph extends Flow {
  readonly domain: string;
  /** The orchestrator's, then the reducer's. */
  readonly machines: readonly MachineGraph[];
}

/** What the format `json` writes. */
export function buildGraph(set: ContractSet, code: DomainCode): Graph {
  const model = buildDomainModel(set, code, new NameResolver());
  const { orchestrator, reducer } = namesOf(model);
  return {
    domain: model.set.domain,
    machines: [machineData(orchestrator, model.orchestrator), machineData(reducer, model.reducer)],
    ...flowOf(model),
  };
}

const json = (value: unknown): string => JSON.stringify(value, null, 2);

function xstateConfigs({ orchestrator, reducer }: ContractSet) {
  const configs = [
    xstateConfigOf(describeOrchestrator(orchestrator.contract)),
    xstateConfigOf(describeReducer(reducer.contract)),
  ];
  return Object.fromEntries(configs.map((config) => [config.id, config]));
}

function mermaid(model: DomainModel): string {
  const { orchestrator, reducer } = namesOf(model);
  const sections = [
    [orchestrator, stateDiagram(model.orchestrator, true)],
    [reducer, stateDiagram(model.reducer, false)],
    [`${model.set.domain} flow`, flowchart(flowOf(model))],
  ];
  return sections.map(([title, diagram]) => `## ${title}\n\n\`\`\`mermaid\n${diagram}\n\`\`\`\n`).join("\n");
}

const namesOf = ({ set: { orchestrator, reducer } }: DomainModel) => ({
  orchestrator: orchestrator.contract.state_machine.state_machine_name,
  reducer: reducer.contract.state_machine.state_machine_name,
});

function machineData(name: string, { initial, states, transitions }: MachineModel): MachineGraph {
  return {
    name,
    initial,
    states: [...states.values()].map((state) => ({
      name: state.name,
      terminal: state.terminal,
      transient: state.transient,
      entry_actions: state.entryActions.map((action) => action.name),
      ...(state.deadline ? { deadline: state.deadline.name } : {}),
      ...(state.raises ? { raises: state.raises.name } : {}),
    })),
    transitions: transitions.map(({ from, trigger, to, conditions, actions }) => ({
      from: from.name,
      trigger: trigger.name,
      to: to.name,
      conditions: conditions.map(({ text }) => text),
      actions: actions.map((action) => action.name),
    })),
  };
}
