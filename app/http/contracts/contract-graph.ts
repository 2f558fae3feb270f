// The page has its types of answers from this folder.
export type { ContractGraph, MachineGraph } from "../../../runtime/contract/graph/graph.ts";
