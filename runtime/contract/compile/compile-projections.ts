import { createHash } from "node:crypto";
import { type ProjectionSpec, type Row, schemaOf } from "../../core/projection.ts";
import { everyMsOf } from "../language/schema-compute.ts";
import { durationMs } from "../language/schema-parts.ts";
import type { DomainModel, ProjectionModel } from "../model/domain-model.ts";
import { knownColumnsOf } from "../model/projection-columns.ts";
import { columnsOf } from "../model/row-columns.ts";
import type { z } from "zod";

/** @throws Error where the code lacks what the contract names */
export const compileProjections = ({ set: { domain }, projections }: DomainModel): readonly ProjectionSpec[] =>
  projections.map((projection) => compileProjection(domain, projection));

function compileProjection(domain: string, model: ProjectionModel): ProjectionSpec {
  const { name, version, kind, code, live, log } = model;
  if (code?.version !== version) throw new Error(`projection ${name} version ${version} is not in code`);
  for (const column of columnsOf(code.shape))
    if ("problem" in column) throw new Error(`projection ${name}, column ${column.name}: ${column.problem}`);
  const columns = knownColumnsOf(model);
  const key = model.key.map(({ item }) => item);
  return {
    ...{ domain, name, version, kind, key, columns },
    schema: schemaOf(domain),
    live: live.map(({ column, deadline, isRenewal }) => ({ name: column, deadline: deadline?.written, isRenewal })),
    log: log && {
      types: new Set(log.of.map(({ written }) => written)),
      everyMs: everyMsOf(log.atMost) ?? 0,
      keepMs: durationMs(log.keep) ?? 0,
    },
    parser: code.shape.strict() as unknown as z.ZodType<Row>,
    of: code.of,
    layout: createHash("sha256").update(JSON.stringify({ kind, key, columns })).digest("hex"),
  };
}
