import type { ContractGraph } from "../../app/http/contracts/contract-graph.ts";

export type FlowNode = ContractGraph["nodes"][number];

/** A topic without `{env}.{namespace}.`, with which all of them begin. */
export const shortLabel = (label: string): string => label.replace(/^(\{\w+\}\.)+/, "");

/** The name by which the contracts declare it: `ack` for `deadline(ack)`. */
export const declaredName = ({ label }: FlowNode): string =>
  /^(?:published|failed|deadline)\((.*)\)$/.exec(label)?.[1] ?? label;
