import { DIRECTORY, DIRECTORY_INDEX, DIRECTORY_KEY, DirectoryShape } from "../../core/directory.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { DomainModel, ProjectionModel } from "../model/domain-model.ts";
import { columnsOf } from "../model/row-columns.ts";
import { diagnosticAt } from "../reading/contract-source.ts";

/** RC131: a domain's part of the directory that is other than those of all domains. */
export function* checkDirectory({ projections }: DomainModel): Iterable<Diagnostic> {
  const directory = projections.find(({ name }) => name === DIRECTORY);
  if (!directory || directory.function.unknown || !directory.code) return;
  const { code, function: made, kind, key, nameAt, index, live } = directory;
  const columns = JSON.stringify(columnsOf(code.shape));
  if (kind !== "row" || columns !== JSON.stringify(columnsOf(DirectoryShape)))
    return yield diagnosticAt(
      "RC131",
      made.at,
      `all domains have one directory: make ${made.name} with directoryRow()`,
    );
  const [first] = key;
  if (first && first.item !== DIRECTORY_KEY)
    yield diagnosticAt("RC131", first.at, `the key of the directory is ${DIRECTORY_KEY}, in each domain`);
  if (!isIndexed(index) || live.length > 0) {
    const wanted = Object.entries(DIRECTORY_INDEX).map(([column, type]) => `${column}: ${type}`);
    yield diagnosticAt("RC131", nameAt, "the directory has the same columns and indexes in each domain", {
      remedy: `index: { ${wanted.join(", ")} }, and nothing live`,
    });
  }
}

function isIndexed(index: ProjectionModel["index"]): boolean {
  const own = index.map(({ column, value }) => `${column} ${value}`).toSorted();
  const wanted = Object.entries(DIRECTORY_INDEX).map(([column, type]) => `${column} ${type}`);
  return own.join() === wanted.toSorted().join();
}
