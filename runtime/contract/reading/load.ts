import { readContractFolder, type ContractFile } from "./contract-folder.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { locate, truncateMessage } from "./source-text.ts";
import { parseContract } from "./parse-contract.ts";
import type { ContractPlaces, LoadedContract } from "./contract-source.ts";
import { parseYaml } from "./yaml-document.ts";

export interface LoadResult {
  /** The contracts that can be checked further. Those with errors are among them, as long as no key is missing. */
  readonly contracts: readonly LoadedContract[];
  /** RC001 to RC010, by file and line. */
  readonly diagnostics: readonly Diagnostic[];
  /** Files of which no contract could be made. */
  readonly unreadableFiles: readonly string[];
}

/** Reads every contract of one domain's folder and reports everything that is wrong with each of them. */
export function loadContractFolder(dir: string): LoadResult {
  const { files, problems } = readContractFolder(dir);
  return loadContractFiles(files, problems);
}

/** The same of texts that were read already. @param problems of files that could not be */
export function loadContractFiles(files: readonly ContractFile[], problems: readonly Diagnostic[] = []): LoadResult {
  const loaded = files.map(loadContract);
  return {
    contracts: loaded.flatMap(({ source }) => source ?? []),
    diagnostics: sortedUniqueDiagnostics([...problems, ...loaded.flatMap(({ diagnostics }) => diagnostics)]),
    unreadableFiles: [
      ...problems.map(({ file }) => file),
      ...files.flatMap(({ file }, index) => (loaded[index]?.source ? [] : [file])),
    ],
  };
}

/** One contract from its text. */
export function loadContract({ file, text }: ContractFile): {
  readonly source?: LoadedContract;
  readonly diagnostics: readonly Diagnostic[];
} {
  const { source, document, problems } = parseYaml(file, text);
  if (!document) return { diagnostics: problems };
  const places: ContractPlaces = { file, spanAt: (path, part) => locate(source, document, path, part) };
  const parsed = parseContract(document, places);
  // A value that YAML's own rules already refused is not refused a second time for its type or range.
  const reportedPositions = new Set(problems.map(({ line, column }) => `${line}:${column}`));
  const content = parsed.problems
    .filter(({ line, column, code }) => code === "RC005" || !reportedPositions.has(`${line}:${column}`))
    .map((problem) => ({ ...problem, message: truncateMessage(problem.message) }));
  const diagnostics = sortedUniqueDiagnostics([...problems, ...content]);
  const { contract } = parsed;
  return { ...(contract && { source: { ...places, text, contract, problems: diagnostics } }), diagnostics };
}

/** By place, each once: what an alias repeats is one mistake. */
export function sortedUniqueDiagnostics(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const key = ({ file, line, column, code, message }: Diagnostic) => [file, line, column, code, message].join("\n");
  const unique = new Map(diagnostics.map((each) => [key(each), each]));
  return [...unique.values()].sort(
    (a, b) =>
      (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) ||
      a.line - b.line ||
      a.column - b.column ||
      (a.code < b.code ? -1 : a.code > b.code ? 1 : 0),
  );
}
