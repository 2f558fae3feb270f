import { createHash } from "node:crypto";
import type { Contract } from "../language/schema.ts";
import type { ContractSet } from "./contract-source.ts";

/** JSON with sorted keys: the same content gives the same text, in whatever order it was written. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, canonical(inner)]));
}

/** SHA-256, hex, of a domain's normalized contracts; file names and the order of keys make no difference. */
export function contentHash({ orchestrator, reducer, effects }: ContractSet): string {
  const contracts: Contract[] = [orchestrator, reducer, ...effects].map(({ contract }) => contract);
  const texts = contracts.map((contract) => JSON.stringify(canonical(contract))).sort();
  return createHash("sha256").update(JSON.stringify(texts)).digest("hex");
}
