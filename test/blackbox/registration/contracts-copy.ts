import { fileURLToPath } from "node:url";
import { type ContractsCopy, copyContracts, type Edit } from "../contracts-copy.ts";

const SHIPPED = fileURLToPath(new URL("../../../contracts/registration", import.meta.url));

/** The shipped contracts, edited. */
export const contractsCopy = (...edits: readonly Edit[]): ContractsCopy => copyContracts(SHIPPED, edits);

/** Both deadlines of the domain, and how far a heartbeat moves the second. */
export const deadlinesOf = (ack: string, liveness: string): readonly Edit[] => [
  ["orchestrator", "deadline: { name: ack, after: 30s }", `deadline: { name: ack, after: ${ack} }`],
  ["orchestrator", "        after: 30s", `        after: ${liveness}`],
  ["orchestrator", "renewed_for: 30s", `renewed_for: ${liveness}`],
];
