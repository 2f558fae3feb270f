import { expect, it } from "vitest";
import { createMachine, transition } from "xstate";
import { renderGraph } from "../../../runtime/contract/graph/graph.ts";
import { editedModel } from "../checks/registration/edited.ts";

const model = editedModel();
const shipped = (format: "mermaid" | "xstate" | "json"): string => renderGraph(model, format);

interface Data {
  readonly machines: readonly { readonly name: string; readonly transitions: readonly object[] }[];
  readonly nodes: readonly { readonly id: string; readonly kind: string }[];
  readonly edges: readonly { readonly from: string; readonly to: string }[];
}

it("draws both machines and the flow", () => {
  const text = shipped("mermaid");
  expect(text.match(/^```mermaid\n(stateDiagram-v2|flowchart LR)$/gm)).toHaveLength(3);
  expect(text).toContain("  [*] --> PENDING_REGISTRATION: NodeRegistrationInitiated\n");
  expect(text).toContain("  ACTIVE --> LIVENESS_EXPIRED: NodeLivenessExpired\n");
  expect(text).toContain("  partial --> complete: backend_confirmed [unconfirmed == 0]\n");
  expect(text).toContain("  note right of complete: rests, raises RegistrationCompleted\n");
});

it("keeps what mermaid would read as its own out of labels", () => {
  const labels = shipped("mermaid").match(/(?<=-->.*: ).*$/gm) ?? [];
  expect(labels.length).toBeGreaterThan(20);
  for (const label of labels) expect(label.replace(/#\d+;/g, "")).not.toMatch(/[:;<>{}"#]/);
});

it("exports machines that XState runs", () => {
  const configs = JSON.parse(shipped("xstate"));
  expect(Object.keys(configs)).toEqual(["orchestrator_fsm", "registration_fsm"]);
  const machine = createMachine(configs.orchestrator_fsm);
  const start = machine.resolveState({ value: "(none)", context: {} });
  const [next] = transition(machine, start, { type: "NodeRegistrationInitiated" });
  expect(next.value).toBe("PENDING_REGISTRATION");
});

it("gives nodes and edges, and each edge has its ends", () => {
  const { machines, nodes, edges }: Data = JSON.parse(shipped("json"));
  expect(machines.map(({ name }) => name)).toEqual(["orchestrator_fsm", "registration_fsm"]);
  const ids = new Set(nodes.map(({ id }) => id));
  expect(edges.flatMap(({ from, to }) => [from, to]).filter((id) => !ids.has(id))).toEqual([]);
  const touched = new Set(edges.flatMap(({ from, to }) => [from, to]));
  expect([...ids].filter((id) => !touched.has(id))).toEqual([]);
});

it("leads from an introspection to the services written, and back", () => {
  const { edges }: Data = JSON.parse(shipped("json"));
  const way = [
    "topic:{env}.{namespace}.onex.evt.node-introspection.v1",
    "handler:HandlerNodeIntrospected",
    "event:NodeRegistrationInitiated",
    "trigger:introspection_received",
    "intent:consul.register",
    "effect:HandlerConsulRegister",
    "outcome:ConsulRegistrationConfirmed",
    "trigger:backend_confirmed",
    "signal:RegistrationCompleted",
    "handler:HandlerRegistrationCompleted",
    "event:NodeRegistrationAccepted",
    "topic:{env}.{namespace}.onex.evt.node-registration-accepted.v1",
  ];
  const missing = way.slice(1).filter((to, index) => !edges.some((edge) => edge.from === way[index] && edge.to === to));
  expect(missing).toEqual([]);
});
