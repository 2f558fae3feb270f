import { z } from "zod";
import type { Graph } from "../../../runtime/contract/graph/graph.ts";

const MachineGraph = z.object({
  name: z.string(),
  initial: z.string(),
  states: z.array(
    z.object({
      name: z.string(),
      terminal: z.boolean(),
      transient: z.boolean(),
      entry_actions: z.array(z.string()),
      deadline: z.string().optional(),
      raises: z.string().optional(),
    }),
  ),
  transitions: z.array(
    z.object({
      from: z.string(),
      trigger: z.string(),
      to: z.string(),
      conditions: z.array(z.string()),
      actions: z.array(z.string()),
    }),
  ),
});

/** As `runtime/contract/graph/graph.ts` makes it. */
export const ContractGraph = z.object({
  domain: z.string(),
  machines: z.array(MachineGraph).describe("the orchestrator's, then the reducer's"),
  nodes: z.array(
    z.object({
      id: z.string(),
      kind: z.enum(["topic", "signal", "handler", "event", "trigger", "intent", "effect", "outcome"]),
      label: z.string(),
    }),
  ),
  edges: z.array(z.object({ from: z.string(), to: z.string(), label: z.string().optional() })),
});
export type ContractGraph = z.infer<typeof ContractGraph>;
export type MachineGraph = ContractGraph["machines"][number];

export const contractGraph = (graph: Graph): ContractGraph => graph as ContractGraph;
