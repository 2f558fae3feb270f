import { computeRows } from "../../runtime/core/computed-rows.ts";
import type { Domain } from "../../runtime/core/domain.ts";
import type { Attempt, Entity } from "../../runtime/core/entity.ts";
import type { ProjectionSpec, Row } from "../../runtime/core/projection.ts";
import { canonicalJson } from "../../runtime/core/canonical-json.ts";
import { rowOf } from "../../runtime/stored/projection-rows.ts";
import type { SqlValue } from "../../runtime/ports/store.ts";
import { putInUse } from "../../runtime/stored/projection-tables.ts";
import { SLOT_COLUMN } from "../../runtime/stored/projection-writes.ts";
import type { Committed, ObservedSystem } from "./checks/observed-system.ts";
import type { Database } from "./database.ts";
import type { TableSchema, Values } from "./sql/tables.ts";
import { handedOut } from "./sql/values.ts";

const tableOf = ({ name, version }: ProjectionSpec): string => `${name}_v${version}`;

/** The tables that are made for these projections, each once, and the lock of those who make them. */
export const schemasOf = (versions: readonly Pick<Domain, "projections">[]): TableSchema[] => [
  ...new Map(
    versions.flatMap(({ projections }) => projections.map((spec) => [tableOf(spec), schemaOf(spec)] as const)),
  ).values(),
  {
    name: "advisory_lock",
    columns: [{ name: "key", type: "bigint", notNull: true, default: undefined }],
    unique: [["key"]],
    checks: [],
  },
];

function schemaOf(spec: ProjectionSpec): TableSchema {
  const columns = spec.columns.map(({ name, type, nullable }) => ({ name, type, notNull: !nullable }));
  const slot = { name: SLOT_COLUMN, type: "bigint", notNull: true };
  return {
    name: tableOf(spec),
    columns: [...(spec.kind === "log" ? [slot] : []), ...columns].map((each) => ({ ...each, default: undefined })),
    unique: [spec.kind === "log" ? [spec.key[0] ?? "", SLOT_COLUMN] : spec.key],
    checks: [],
  };
}

/** And that are in use. */
export function prepare(database: Database, { projections }: Pick<Domain, "projections">): void {
  const transaction = database.begin();
  const query = <Result>(text: string, values: readonly SqlValue[] = []) =>
    Promise.resolve(database.execute(transaction, text, values) as unknown as Result[]);
  for (const spec of projections) void putInUse({ query }, spec);
  void query("insert into advisory_lock (key) values ($1)", [7_265_012]);
  database.commit(transaction);
}

/** The version of a domain's first projection that is in use. */
export function viewsInUse(database: Database): number | undefined {
  const [first] = database.table("projection").sort((a, b) => (String(a["name"]) < String(b["name"]) ? -1 : 1));
  return first && Number(first["version"]);
}

/** After every commit each row of the version in use is what its function makes of the entity, none missing or left. */
export function checkProjections(
  { database, report }: Pick<ObservedSystem, "database" | "report">,
  domain: Domain,
  { changes }: Committed,
): void {
  const tables = new Set(["entity", "entity_data", "projection", ...domain.projections.map(tableOf)]);
  if (!changes.some(({ table }) => tables.has(table.schema.name))) return;
  const data = new Map(database.table("entity_data").map((row) => [row["entity_id"], handedOut(row["data"] ?? null)]));
  const entities = database.table("entity").map((row) => entityOf(row, data.get(row["entity_id"])));
  for (const spec of domain.projections) {
    if (spec.kind === "log") continue;
    const wanted = entities.flatMap((entity) => {
      const computed = computeRows(spec, domain, entity, () => 0);
      return "rows" in computed ? computed.rows : [];
    });
    const found = database.table(tableOf(spec)).map((row) => rowOf(spec, handedOutRow(row)));
    const [one, other] = [sortedText(spec, found), sortedText(spec, wanted)];
    if (one !== other) report("G10", `${spec.name} has ${one}, and its function makes ${other}`);
  }
}

const handedOutRow = (row: Values): Record<string, unknown> =>
  Object.fromEntries(Object.entries(row).map(([name, value]) => [name, handedOut(value)]));

const entityOf = (row: Values, data: unknown): Entity => ({
  id: String(row["entity_id"]),
  state: row["state"] as string | null,
  reducerState: String(row["reducer_state"]),
  data,
  attempt: JSON.parse(String(row["attempt"])) as Attempt,
  seq: Number(row["seq"]),
  publishedSeq: null,
  deadlines: {},
  stateSince: (row["state_since"] as Date).getTime(),
});

const sortedText = ({ columns }: ProjectionSpec, rows: readonly Row[]): string =>
  rows
    .map((row) => canonicalJson(columns.map(({ name }) => row[name])))
    .sort()
    .join("\n");
