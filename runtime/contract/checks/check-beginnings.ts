import { canNarrow, columnOfFields } from "../../core/snapshot-rows.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { didYouMean } from "../diagnostics/did-you-mean.ts";
import type { CallModel, DomainModel } from "../model/domain-model.ts";
import { knownColumnsOf } from "../model/projection-columns.ts";
import type { BeginsWithModel } from "../model/read-gateways.ts";
import { diagnosticAt } from "../reading/contract-source.ts";

/** What a stream's cursor is sent in, where a header can't be. */
const CURSOR = "since";

/** RC010, RC109: rows of what is not followed, and a query parameter that stands for two things. */
export function* checkBeginning(call: CallModel, { domain, parameter }: BeginsWithModel): Iterable<Diagnostic> {
  const taken = [...call.selected.map((each) => each.parameter), CURSOR, call.linkParameter?.text];
  if (parameter && taken.includes(parameter.text))
    yield diagnosticAt("RC109", parameter.at, `the query parameter ${parameter.text} is declared twice`);
  if (!call.followed.some(({ text }) => text === domain.text))
    yield diagnosticAt("RC010", domain.at, `its rows are of ${domain.text}, whose events are not followed`);
}

/** RC010, RC101, RC403: rows that there are not, or that parameters don't narrow as they do events. */
export function* checkBeginningRows(
  call: CallModel,
  { projection: { text: name, at } }: BeginsWithModel,
  target: DomainModel,
): Iterable<Diagnostic> {
  const projection = target.projections.find((each) => each.name === name);
  if (!projection) {
    const suggestion = didYouMean(
      name,
      target.projections.map((each) => each.name),
    );
    return yield diagnosticAt("RC101", at, `${target.set.domain} has no projection ${name}`, { suggestion });
  }
  if (projection.log) return yield diagnosticAt("RC010", at, `${name} is a log, which does not say what there is now`);
  // What its function lacks is reported there.
  if (!projection.code) return;
  const spec = { key: projection.key.map(({ item }) => item), columns: knownColumnsOf(projection) };
  for (const { parameter: by, fields } of call.selected) {
    const [first] = fields;
    if (!first) continue;
    const column = columnOfFields(
      spec,
      fields.map(({ text }) => text),
    );
    if (!column) yield diagnosticAt("RC101", first.at, `?${by}= narrows no rows: ${name} has no column ${first.text}`);
    else if (!canNarrow(spec, column)) {
      const remedy = `index: { ${column.name}: btree } in the projection, with another version`;
      const what = column.type === "text" ? "has no index" : "is no text";
      yield diagnosticAt(
        "RC403",
        first.at,
        `${column.name} of ${name} ${what}`,
        column.type === "text" ? { remedy } : {},
      );
    }
  }
}
