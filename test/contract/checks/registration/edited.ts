import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { registrationCode } from "../../../../app/modules/registration/module.ts";
import { HandlerConsulDeregister } from "../../../../effects/service-catalog/consul-deregister.effect.ts";
import { HandlerConsulRegister } from "../../../../effects/service-catalog/consul-register.effect.ts";
import { HandlerConsulSetStatus } from "../../../../effects/service-catalog/consul-set-status.effect.ts";
import { HandlerPostgresUpdate } from "../../../../effects/postgres/postgres-update.effect.ts";
import { HandlerPostgresUpsert } from "../../../../effects/postgres/postgres-upsert.effect.ts";
import { checkDomain } from "../../../../runtime/contract/checks/validate.ts";
import { buildDomainModel, type DomainModel } from "../../../../runtime/contract/model/domain-model.ts";
import { buildContractSet } from "../../../../runtime/contract/reading/contract-set.ts";
import type { Diagnostic } from "../../../../runtime/contract/diagnostics/diagnostic.ts";
import { sortedUniqueDiagnostics, loadContract } from "../../../../runtime/contract/reading/load.ts";
import type { ContractSet } from "../../../../runtime/contract/reading/contract-source.ts";
import type { DomainCode } from "../../../../runtime/core/domain.ts";

const FILES = ["orchestrator.yaml", "reducer.yaml", "effects.yaml"] as const;
type File = (typeof FILES)[number];

/**
 * A change of a shipped contract: the first place where the text stands, which must be there. What an operator may tune
 * (times, batches, retries) is matched by patterns.
 */
export interface Edit {
  readonly file: File;
  readonly replace: string | RegExp;
  readonly by: string;
}

/** The shipped code; its effects' clients are never called, for a check runs nothing. */
export function shippedCode(): DomainCode {
  const client = undefined as never;
  return registrationCode({
    HandlerConsulRegister: HandlerConsulRegister(client),
    HandlerConsulSetStatus: HandlerConsulSetStatus(client),
    HandlerConsulDeregister: HandlerConsulDeregister(client),
    HandlerPostgresUpsert: HandlerPostgresUpsert(client),
    HandlerPostgresUpdate: HandlerPostgresUpdate(client),
  });
}

const shipped = (file: File): string =>
  readFileSync(fileURLToPath(new URL(`../../../../contracts/registration/${file}`, import.meta.url)), "utf8");

/** The shipped contracts after the edits, in order. */
export function texts(...edits: readonly Edit[]): readonly { readonly file: File; readonly text: string }[] {
  return FILES.map((file) => {
    const text = edits.filter((edit) => edit.file === file).reduce(apply, shipped(file));
    return { file, text };
  });
}

function apply(text: string, { file, replace, by }: Edit): string {
  if (typeof replace === "string" ? !text.includes(replace) : !replace.test(text))
    throw new Error(`${file} has no ${String(replace)}`);
  return text.replace(replace, () => by);
}

/** What a file with a missing key or broken YAML comes to: the loader says that, and no check is asked. */
export const UNREAD = "the edit leaves a file unread";

const loadedTexts = new Map<string, ReturnType<typeof loadContract>>();

/** Most mistakes change one file of the three. */
function loadOnce(contract: { readonly file: File; readonly text: string }): ReturnType<typeof loadContract> {
  const known = loadedTexts.get(contract.text) ?? loadContract(contract);
  loadedTexts.set(contract.text, known);
  return known;
}

/** The set that the edited contracts make, and what the loader said of them. */
function edited(...edits: readonly Edit[]): {
  readonly set: ContractSet;
  readonly diagnostics: readonly Diagnostic[];
} {
  const loaded = texts(...edits).map(loadOnce);
  if (loaded.some(({ source }) => !source)) throw new Error(UNREAD);
  const domain = buildContractSet(
    "contracts/registration",
    loaded.flatMap(({ source }) => source ?? []),
  );
  const diagnostics = [...loaded.flatMap((each) => each.diagnostics), ...domain.diagnostics];
  if (!domain.set) throw new Error(UNREAD);
  return { set: domain.set, diagnostics };
}

/** The edited contracts, read with this code. */
export const editedModel = (edits: readonly Edit[] = [], code: DomainCode = shippedCode()): DomainModel =>
  buildDomainModel(edited(...edits).set, code);

/** Everything that is said of the shipped contracts after the edits, loader included, in order. */
export function diagnosed(edits: readonly Edit[], code: DomainCode = shippedCode()): readonly Diagnostic[] {
  const { set, diagnostics } = edited(...edits);
  return sortedUniqueDiagnostics([...diagnostics, ...checkDomain(buildDomainModel(set, code))]);
}

/** A diagnostic as the tests write it: `RC105 orchestrator.yaml: - { current_state: [«ACCEPTED», ...`. */
export function shown({ code, file, excerpt, column, width }: Diagnostic): string {
  const [before, marked, after] = [
    excerpt.slice(0, column - 1),
    excerpt.slice(column - 1, column - 1 + width),
    excerpt.slice(column - 1 + width),
  ];
  return `${code} ${file}: ${before.trimStart()}«${marked}»${after.replace(/ +#.*/, "")}`;
}
