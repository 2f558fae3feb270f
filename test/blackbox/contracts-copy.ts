import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const SHIPPED = fileURLToPath(new URL("../../contracts/registration", import.meta.url));

/** File, text in it, and what stands there instead, everywhere. */
export type Edit = readonly [file: "orchestrator" | "reducer" | "effects", from: string, to: string];

export interface ContractsCopy {
  readonly dir: string;
  remove(): void;
}

/** The shipped contracts, edited as an operator would: the YAML alone. */
export function contractsCopy(...edits: readonly Edit[]): ContractsCopy {
  const dir = mkdtempSync(join(tmpdir(), "rollcall-contracts-"));
  cpSync(SHIPPED, dir, { recursive: true, filter: (path) => !path.includes("messages") });
  for (const [name, from, to] of edits) {
    const file = join(dir, `${name}.yaml`);
    const text = readFileSync(file, "utf8");
    if (!text.includes(from)) throw new Error(`${name}.yaml has no "${from}"`);
    writeFileSync(file, text.replaceAll(from, to));
  }
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

/** Both deadlines of the domain, and how far a heartbeat moves the second. */
export const deadlinesOf = (ack: string, liveness: string): readonly Edit[] => [
  ["orchestrator", "deadline: { name: ack, after: 30s }", `deadline: { name: ack, after: ${ack} }`],
  ["orchestrator", "        after: 30s", `        after: ${liveness}`],
  ["orchestrator", "renewed_for: 30s", `renewed_for: ${liveness}`],
];
