import { readFileSync } from "node:fs";
import { join } from "node:path";
import { TestDomain } from "../../app/testing/memory-domain.ts";
import { ManualClock } from "../../app/testing/manual-clock.ts";
import { validateFiles } from "../../runtime/contract/checks/validate.ts";
import { compileDomain } from "../../runtime/contract/compile/compile-domain.ts";
import { formatDiagnostics } from "../../runtime/contract/diagnostics/format-diagnostics.ts";
import { buildDomainModel, type DomainModel } from "../../runtime/contract/model/domain-model.ts";
import { whereUnset } from "../../runtime/contract/reading/contract-set.ts";
import type { Domain, DomainCode } from "../../runtime/core/domain.ts";
import { pagesCode, pagesFolder } from "./pages-domain.ts";

export const LISTED_CODE: DomainCode = {
  ...pagesCode(),
  variables: ["LIST_URL", "SHELF_URL", "LAMP_URL", "DESK_URL"],
  reconciled: ["list", "shelf"].map((backend) => ({ backend, inventory: { list: async () => [] }, repairs: () => [] })),
};

const read = (file: string): string => readFileSync(join(pagesFolder, file), "utf8");
const LIST_ROW = `    - operation: list
      intent_type: page.list
      handler: { name: HandlerPageList }
      backend: list
      output_events: [PageListed]
`;
const HEAD = "node_type: EFFECT\ncontract_version: { major: 1, minor: 0, patch: 0 }\ndomain: pages\n";

type File = "pages.yaml" | "text.yaml" | "shelves.yaml" | "list.yaml";
export type ListedEdit = readonly [file: File, replace: string, by: string];

/** The contracts of pages, of which what lists them is there where `LIST_URL` is set, after edits. */
export function listedFiles(...edits: readonly ListedEdit[]) {
  const texts = new Map<File, string>([
    ["pages.yaml", read("pages.yaml")],
    ["text.yaml", read("text.yaml")],
    ["shelves.yaml", read("shelves.yaml").replace(LIST_ROW, "")],
    [
      "list.yaml",
      `name: page_list\n${HEAD}where_set: LIST_URL\nhandler_routing:\n` +
        `  defaults: { retry_policy: { max_retries: unlimited } }\n  handlers:\n${LIST_ROW}`,
    ],
  ]);
  for (const [file, replace, by] of edits) {
    const text = texts.get(file) ?? "";
    if (!text.includes(replace)) throw new Error(`${file} lacks ${replace}`);
    texts.set(
      file,
      text.replace(replace, () => by),
    );
  }
  return [...texts].map(([file, text]) => ({ file, text }));
}

export const validateListed = (...edits: readonly ListedEdit[]) =>
  validateFiles("pages", listedFiles(...edits), LISTED_CODE);

export function listedModel(...edits: readonly ListedEdit[]): DomainModel {
  const { model, diagnostics } = validateListed(...edits);
  if (!model) throw new Error(formatDiagnostics(diagnostics, "text"));
  return model;
}

/** As they are where these variables are set, or not. */
export function modelWhereSet(...variables: readonly string[]): DomainModel {
  const { set, code } = listedModel();
  return buildDomainModel(whereUnset(set, variables.includes("LIST_URL") ? [] : ["LIST_URL"]), code);
}

export const domainWhereSet = (...variables: readonly string[]): Domain =>
  compileDomain(modelWhereSet(...variables), { env: "test", namespace: "" });

export const pagesWhereSet = (...variables: readonly string[]): TestDomain =>
  new TestDomain(domainWhereSet(...variables), { messages: LISTED_CODE.messages, clock: new ManualClock() });
