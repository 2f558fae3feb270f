import type { DomainCode } from "../../core/domain-code.ts";
import type { DomainModel, MachineModel } from "../model/domain-model.ts";
import { Names } from "../model/name-resolver.ts";
import { readDomain } from "../model/build-domain-model.ts";
import { problem, spot } from "../reading/source-ref.ts";
import { compileDomain } from "../compile/compile-domain.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { inOrder } from "../reading/load.ts";
import type { ContractSet } from "../reading/contract-source.ts";
import { type Explored, explore } from "./explore.ts";
import type { Finding } from "./step-rules.ts";
import { type Setting, settingOf } from "./exploration-context.ts";
import type { Stimulus } from "./possible-messages.ts";
import { timelineTo } from "./timeline.ts";
import { withoutWayOut } from "./progress-rules.ts";

/** A small world has thousands of states. One that has more than this is told so, never passed. */
export const STATES_MAX = 100_000;

export interface Checked {
  /** RC206, by file and line. */
  readonly diagnostics: readonly Diagnostic[];
  /** Worlds that differ in what may happen next. */
  readonly states: number;
  /** Steps taken from them. */
  readonly transitions: number;
  /**
   * Transitions of the contracts that no step took, as `file:line from -> to on trigger`: nothing is said about them.
   * None where states were left out.
   */
  readonly untaken: readonly string[];
}

/**
 * RC206: enumerates every course of a small world (one entity, the current attempt and the one before, each outcome,
 * publish and deadline, each message from outside in time, early, late, stale or never) by the contracts and the pure
 * functions that they name, and says what goes wrong in it, each with the shortest way there. Nothing is run.
 * @param set as `validateDomain` let it pass
 */
export function checkModel(set: ContractSet, code: DomainCode, statesMax = STATES_MAX): Checked {
  const model = readDomain(set, code, new Names());
  const setting = settingOf(model, compileDomain(set, code, { env: "check", namespace: "" }));
  if ("unsampled" in setting)
    return {
      diagnostics: inOrder(setting.unsampled.map((type) => withoutSample(model, type))),
      states: 0,
      transitions: 0,
      untaken: [],
    };
  const explored = explore(setting, statesMax);
  const told = (finding: Finding, number: number, last?: Stimulus): Diagnostic => ({
    ...problem("RC206", finding.at, finding.message, { related: finding.related ?? [] }),
    remedy: finding.remedy,
    timeline: timelineTo(setting, explored.visited, number, last),
  });
  const diagnostics = [
    ...explored.broken.map(({ finding, number, by }) => told(finding, number, by)),
    ...withoutWayOut(setting, explored).map(({ finding, number }) => told(finding, number)),
    ...(explored.complete ? [] : [beyondLimit(model, statesMax)]),
  ];
  return {
    diagnostics: inOrder(diagnostics),
    states: explored.visited.length,
    transitions: explored.transitions,
    untaken: explored.complete ? untaken(setting, explored) : [],
  };
}

function withoutSample({ consumed, startedBy }: DomainModel, type: string): Diagnostic {
  const at = consumed.find(({ name }) => name === type)?.at ?? startedBy.at;
  const message = `no payload of ${type} could be made that its schema takes, so nothing was explored`;
  return {
    ...problem("RC206", at, message),
    remedy: "give the fields of its schema examples: .meta({ examples: [...] })",
  };
}

function beyondLimit({ set: { orchestrator } }: DomainModel, statesMax: number): Diagnostic {
  const message = `more than ${statesMax} states: what lies behind them was not visited`;
  const remedy = "keep out of the reducer's state what only grows, give fields fewer examples, or raise --states";
  return { ...problem("RC206", spot(orchestrator, "name"), message), remedy };
}

function untaken({ model }: Setting, { moves }: Explored): readonly string[] {
  const of = (machine: string, { transitions }: MachineModel) =>
    transitions
      .filter(({ from, trigger, to }) => !moves.has(`${machine} ${from.name} ${trigger.name} ${to.name}`))
      .map(({ from, trigger, to, at }) => {
        const { file, line } = at.source.place(at.path);
        return `${file}:${line} ${from.name} -> ${to.name} on ${trigger.name}`;
      });
  return [...new Set([...of("orchestrator", model.orchestrator), ...of("reducer", model.reducer)])];
}
