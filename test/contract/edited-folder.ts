import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { TestDomain } from "../../app/testing/memory-domain.ts";
import { ManualClock } from "../../app/testing/manual-clock.ts";
import { validateFiles } from "../../runtime/contract/checks/validate.ts";
import { compileDomain } from "../../runtime/contract/compile/compile-domain.ts";
import { formatDiagnostics } from "../../runtime/contract/diagnostics/format-diagnostics.ts";
import type { DomainCode, Lifecycle } from "../../runtime/core/domain.ts";
import { pagesCode, pagesFolder } from "./pages-domain.ts";
import { runsCode, runsFolder } from "./runs-domain.ts";
import { toyCode, toyFolder } from "./toy-domain.ts";

export type { Lifecycle } from "../../runtime/core/domain.ts";
export type FolderEdit = readonly [replace: string, by: string];

/** A domain of each lifecycle. */
const LIFECYCLE_DOMAINS = {
  attempts: { folder: toyFolder, code: toyCode },
  document: { folder: pagesFolder, code: pagesCode() },
  once: { folder: runsFolder, code: runsCode() },
} as const;

/** The contracts of a lifecycle's domain after edits, each of which stands in one of its files. */
export function validateEdited(lifecycle: Lifecycle, edits: readonly FolderEdit[], code?: DomainCode) {
  const { folder, code: own } = LIFECYCLE_DOMAINS[lifecycle];
  const files = readdirSync(folder).map((file) => ({ file, text: readFileSync(join(folder, file), "utf8") }));
  for (const [replace, by] of edits) {
    const edited = files.find(({ text }) => text.includes(replace));
    if (!edited) throw new Error(`no contract has ${replace}`);
    edited.text = edited.text.replace(replace, () => by);
  }
  return validateFiles(folder, files, code ?? own);
}

/** A lifecycle's domain as it runs. */
export function compiledDomain(lifecycle: Lifecycle, edits: readonly FolderEdit[] = []) {
  const { model, diagnostics } = validateEdited(lifecycle, edits);
  if (!model) throw new Error(formatDiagnostics(diagnostics, "text"));
  return compileDomain(model, { env: "test", namespace: "" });
}

/** The same in memory. */
export const domainInMemory = (lifecycle: Lifecycle, edits: readonly FolderEdit[] = []): TestDomain =>
  new TestDomain(compiledDomain(lifecycle, edits), {
    ...{ messages: LIFECYCLE_DOMAINS[lifecycle].code.messages, clock: new ManualClock() },
  });
