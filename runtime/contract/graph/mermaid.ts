import type { MachineModel, StateModel, TransitionModel } from "../model/domain-model.ts";
import type { Flow, FlowNodeKind } from "./flow.ts";

// Words of mermaid's own grammar; a state may be called so all the same.
const RESERVED = new Set(["end", "state", "note", "direction", "class", "style", "as", "default"]);

const SHAPES: Readonly<Record<FlowNodeKind, readonly [open: string, close: string]>> = {
  topic: ["[(", ")]"],
  signal: ["{{", "}}"],
  handler: ["[", "]"],
  event: ["([", "])"],
  refusal: ["{", "}"],
  trigger: [">", "]"],
  intent: ["[/", "/]"],
  effect: ["[[", "]]"],
  outcome: ["([", "])"],
  call: ["[/", "\\]"],
  entity: ["[(", ")]"],
  projection: ["[\\", "/]"],
  domain: ["(", ")"],
};

/** One machine as a `stateDiagram-v2`; the frame of an end is thick. */
export function stateDiagram({ states, transitions, initial }: MachineModel, initialIsPseudostate: boolean): string {
  const drawn = [...states.values()].filter(({ name }) => !initialIsPseudostate || name !== initial);
  const id = (state: string) => (initialIsPseudostate && state === initial ? "[*]" : mermaidId(state));
  const lines = [
    ...drawn.map(({ name }) => `state "${name}" as ${mermaidId(name)}`),
    ...(initialIsPseudostate ? [] : [`[*] --> ${mermaidId(initial)}`]),
    ...transitions.map((each) => `${id(each.from.name)} --> ${id(each.to.name)}: ${labelOf(each)}`),
    ...drawn.flatMap(({ name, retain }) => (retain === undefined ? [] : `${mermaidId(name)} --> [*]: purge`)),
    ...drawn.flatMap(noteOf),
    "classDef terminal stroke-width:4px",
    ...drawn.filter(({ terminal }) => terminal).map(({ name }) => `class ${mermaidId(name)} terminal`),
  ];
  return ["stateDiagram-v2", ...lines.map((line) => `  ${line}`)].join("\n");
}

/** What leads to what, as a `flowchart`. */
export function flowchart({ nodes, edges }: Flow): string {
  const ids = new Map(nodes.map(({ id }, index) => [id, `n${index}`]));
  const drawn = nodes.map(({ id, kind, label }) => {
    const [open, close] = SHAPES[kind];
    return `${ids.get(id) ?? ""}${open}"${escapeMermaid(label)}"${close}`;
  });
  const arrows = edges.map(({ from, to, label }) => {
    const arrow = label === undefined ? "-->" : `-->|"${escapeMermaid(label)}"|`;
    return `${ids.get(from) ?? ""} ${arrow} ${ids.get(to) ?? ""}`;
  });
  return ["flowchart LR", ...[...drawn, ...arrows].map((line) => `  ${line}`)].join("\n");
}

const mermaidId = (state: string): string => (RESERVED.has(state.toLowerCase()) ? `${state}_state` : state);

function labelOf({ trigger, conditions, actions }: TransitionModel): string {
  const when = conditions.length > 0 ? ` [${conditions.map(({ text }) => text).join(" and ")}]` : "";
  const what = actions.length > 0 ? ` / ${actions.map(({ name }) => name).join(", ")}` : "";
  return escapeMermaid(`${trigger.name}${when}${what}`);
}

function noteOf({ name, deadline, raises, retain, entryActions, transient, rests }: StateModel): readonly string[] {
  const notes = [
    ...(rests ? ["rests"] : []),
    ...(transient ? ["passed through"] : []),
    ...(deadline ? [`deadline ${deadline.name}`] : []),
    ...(retain === undefined ? [] : [`retained for ${retain}`]),
    ...(entryActions.length > 0 ? [`on entry ${entryActions.map((action) => action.name).join(", ")}`] : []),
    ...(raises ? [`raises ${raises.name}`] : []),
  ];
  return notes.length > 0 ? [`note right of ${mermaidId(name)}: ${escapeMermaid(notes.join(", "))}`] : [];
}

/** What mermaid would read as its own signs, as its entity codes. */
const escapeMermaid = (text: string): string => text.replace(/["#:;<>{}|`]/g, (sign) => `#${sign.charCodeAt(0)};`);
