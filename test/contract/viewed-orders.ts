import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { validateFiles } from "../../runtime/contract/checks/validate.ts";
import { compileDomain } from "../../runtime/contract/compile/compile-domain.ts";
import { formatDiagnostics } from "../../runtime/contract/diagnostics/format-diagnostics.ts";
import type { Domain, DomainCode } from "../../runtime/core/domain.ts";
import { logRow, row, type RowEntity, type RowFunction, rows } from "../../runtime/core/projection.ts";
import { toRfc3339 } from "../../runtime/core/time.ts";
import { toyCode, toyFolder } from "./toy-domain.ts";

export const viewsFolder = new URL("./views", import.meta.url).pathname;

type Order = RowEntity<{ readonly amount: number }>;

/** Of what is no order of this kind there is no row. */
const HIDDEN_AMOUNT = 77;

export const orderRow = row({
  version: 1,
  shape: z.object({
    amount: z.int(),
    status: z.string(),
    note: z.string().nullable(),
    marks: z.array(z.string()),
    half: z.number(),
    open: z.boolean(),
    placed: z.iso.datetime(),
    about: z.object({ attempt: z.int(), texts: z.array(z.string()) }),
  }),
  of: ({ state, isLive, data: { amount }, attempt, stateSince }: Order) =>
    amount === HIDDEN_AMOUNT
      ? null
      : {
          ...{ amount, status: state, note: amount > 5 ? `dear "${amount}"` : null, half: amount / 2, open: isLive },
          marks: amount % 2 === 0 ? ["even", `of {${amount}}, "quoted\\"`] : [],
          placed: toRfc3339(stateSince),
          about: { attempt, texts: [state] },
        },
});

/** A row for each unit of the amount. */
export const orderPart = rows({
  version: 1,
  shape: z.object({ part: z.int(), size: z.int() }),
  of: ({ data: { amount } }: Order) => Array.from({ length: amount }, (_, part) => ({ part, size: amount })),
});

const orderVisit = logRow({
  version: 1,
  shape: z.object({ status: z.string() }),
  of: ({ entity: { state } }: { readonly entity: Order }) => (state === "PAID" ? null : { status: state }),
});

export const viewedCode = (own: Readonly<Record<string, RowFunction>> = {}): DomainCode => ({
  ...toyCode,
  rows: { order_row: orderRow, order_part: orderPart, order_visit: orderVisit, ...own },
});

export type ViewEdit = readonly [replace: string, by: string];

/** The contracts of orders with those of its projections, after edits of the latter. */
export function validateViews(edits: readonly ViewEdit[] = [], code = viewedCode()) {
  const files = [toyFolder, viewsFolder].flatMap((folder) =>
    readdirSync(folder).map((file) => ({ file, text: readFileSync(join(folder, file), "utf8") })),
  );
  for (const [replace, by] of edits) {
    const views = files.find(({ file, text }) => file === "views.yaml" && text.includes(replace));
    if (!views) throw new Error(`no contract has ${replace}`);
    views.text = views.text.replace(replace, () => by);
  }
  return validateFiles("orders", files, code);
}

/** The projections as they run, for a domain that was compiled without them. */
export function viewsOf(edits: readonly ViewEdit[] = [], code = viewedCode()): Pick<Domain, "projections"> {
  const { model, diagnostics } = validateViews(edits, code);
  if (!model) throw new Error(formatDiagnostics(diagnostics, "text"));
  return { projections: compileDomain(model, { env: "test", namespace: "" }).projections };
}
