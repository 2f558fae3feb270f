import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** File without `.yaml`, text in it, and what stands there instead, everywhere. */
export type Edit = readonly [file: string, from: string, to: string];

export interface ContractsCopy {
  readonly dir: string;
  edit(change: Edit): void;
  remove(): void;
}

/** A folder's contracts, edited as an operator would: the YAML alone. */
export function copyContracts(folder: string, edits: readonly Edit[] = []): ContractsCopy {
  const dir = mkdtempSync(join(tmpdir(), "rollcall-contracts-"));
  cpSync(folder, dir, { recursive: true, filter: (path) => !path.includes("messages") });
  const edit = ([name, from, to]: Edit): void => {
    const file = join(dir, `${name}.yaml`);
    const text = readFileSync(file, "utf8");
    if (!text.includes(from)) throw new Error(`${name}.yaml has no "${from}"`);
    writeFileSync(file, text.replaceAll(from, to));
  };
  edits.forEach(edit);
  return { dir, edit, remove: () => rmSync(dir, { recursive: true, force: true }) };
}
