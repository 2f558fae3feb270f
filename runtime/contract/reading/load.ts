import { readContractFolder, type ContractFile } from "./contract-folder.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { locate } from "./locate.ts";
import type { ContentProblem } from "./schema-issues.ts";
import { shapeOf } from "./parse-contract.ts";
import type { ContractPath, ContractSource } from "./contract-source.ts";
import { cut } from "./source-text.ts";
import { readYaml } from "./yaml-document.ts";

export interface Loaded {
  /** The contracts that can be checked further. Those with errors are among them, as long as no key is missing. */
  readonly sources: readonly ContractSource[];
  /** RC001 to RC010, by file and line. */
  readonly diagnostics: readonly Diagnostic[];
  /** Files of which no contract could be made. */
  readonly unread: readonly string[];
}

/** Reads every contract of one domain's folder and says everything that is wrong with each of them. */
export function loadContracts(dir: string): Loaded {
  const { files, problems } = readContractFolder(dir);
  return loadFiles(files, problems);
}

/** The same of texts that were read already. @param problems of files that could not be */
export function loadFiles(files: readonly ContractFile[], problems: readonly Diagnostic[] = []): Loaded {
  const loaded = files.map(loadContract);
  return {
    sources: loaded.flatMap(({ source }) => source ?? []),
    diagnostics: inOrder([...problems, ...loaded.flatMap(({ diagnostics }) => diagnostics)]),
    unread: [
      ...problems.map(({ file }) => file),
      ...files.flatMap(({ file }, index) => (loaded[index]?.source ? [] : [file])),
    ],
  };
}

/** One contract from its text. */
export function loadContract({ file, text }: ContractFile): {
  readonly source?: ContractSource;
  readonly diagnostics: readonly Diagnostic[];
} {
  const yaml = readYaml(file, text);
  const { document } = yaml;
  if (!document) return { diagnostics: yaml.problems };
  const { contract, problems } = shapeOf(document);
  const place = (path: ContractPath, part?: "key" | "value") => locate(yaml.source, document, path, part);
  // A value that YAML's own rules already refused is not refused a second time for its type or range.
  const told = new Set(yaml.problems.map(({ line, column }) => `${line}:${column}`));
  const content = problems
    .map((problem) => diagnosticOf(problem, place))
    .filter(({ line, column, code }) => code === "RC005" || !told.has(`${line}:${column}`));
  return {
    ...(contract ? { source: { file, text, contract, place } } : {}),
    diagnostics: inOrder([...yaml.problems, ...content]),
  };
}

function diagnosticOf(problem: ContentProblem, place: ContractSource["place"]): Diagnostic {
  const { code, message, path, part, suggestion, related } = problem;
  return {
    ...place(path, part),
    code,
    severity: "error",
    message: cut(message),
    ...(suggestion === undefined ? {} : { suggestion }),
    ...(related ? { related: [{ ...place(related.path), message: related.message }] } : {}),
  };
}

/** By place, each once: what an alias repeats is one mistake. */
export function inOrder(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const key = ({ file, line, column, code, message }: Diagnostic) => [file, line, column, code, message].join("\n");
  const once = new Map(diagnostics.map((each) => [key(each), each]));
  return [...once.values()].sort(
    (a, b) =>
      (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) ||
      a.line - b.line ||
      a.column - b.column ||
      (a.code < b.code ? -1 : a.code > b.code ? 1 : 0),
  );
}
