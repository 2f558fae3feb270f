import type { Sql } from "../../runtime/ports/store.ts";
import { allContractSets, contractInForce, type InForce } from "../../runtime/stored/contract-sets.ts";
import { firstDayAfterDropped } from "../../runtime/stored/journal-days.ts";
import { dayStart, type JournalPart, type JournalPosition, readJournal } from "../../runtime/stored/journal.ts";
import type { Config } from "../host/config.ts";
import type { ExportedLine } from "./exported-line.ts";

export interface JournalWindow {
  /** RFC 3339: only what was written from the beginning of that UTC day on. */
  readonly since?: string | undefined;
  /** The reader's: when it is higher than the one in force, entities without a line since then are read too. */
  readonly stateVersion?: number | undefined;
}

type DeploymentNames = Pick<Config, "ROLLCALL_ENV" | "ROLLCALL_NAMESPACE">;

/**
 * The journal of a store, which is only read.
 * @throws Fault JOURNAL_DAMAGED, not retryable: a line can't be read, or is missing
 */
export async function* readStoredJournal(
  sql: Sql,
  domain: string,
  names: DeploymentNames,
  window: JournalWindow,
): AsyncGenerator<ExportedLine> {
  const inForce = await contractInForce(sql, domain);
  yield* await readHead(sql, domain, names, window, inForce);
  for await (const part of readJournal(sql, domain, partsOf(window, inForce))) yield* exportedLines(part);
}

/**
 * A page of what `readStoredJournal` reads, and where the next one begins.
 * @param page.position undefined: the first page, with the journal's head beside the `limit` of lines
 * @throws Fault JOURNAL_DAMAGED, not retryable: a line of the page can't be read, or is missing
 */
export async function readJournalPage(
  sql: Sql,
  domain: string,
  names: DeploymentNames,
  page: JournalWindow & { readonly position: JournalPosition | undefined; readonly limit: number },
): Promise<{ lines: ExportedLine[]; next: JournalPosition | undefined }> {
  const inForce = await contractInForce(sql, domain);
  const lines = page.position ? [] : await readHead(sql, domain, names, page, inForce);
  let next: JournalPosition | undefined;
  let left = page.limit;
  for await (const part of readJournal(sql, domain, { ...page, ...partsOf(page, inForce) })) {
    const found = exportedLines(part);
    lines.push(...found);
    left -= found.length;
    ({ next } = part);
  }
  return { lines, next: left > 0 ? undefined : next };
}

const partsOf = ({ since, stateVersion = 1 }: JournalWindow, inForce: InForce | undefined) => ({
  since,
  hasAllEntities: stateVersion > (inForce?.stateVersion ?? 1),
});

/** The first lines: the head, and all contracts that ran. */
async function readHead(
  sql: Sql,
  domain: string,
  { ROLLCALL_ENV: env, ROLLCALL_NAMESPACE: namespace }: DeploymentNames,
  { since }: JournalWindow,
  { stateVersion: state_version = 1 }: Partial<InForce> = {},
): Promise<ExportedLine[]> {
  const contracts = await allContractSets(sql, domain);
  const begins_on = await firstDayAfterDropped(sql, domain);
  const [time] = await sql.query<{ now: Date }>(`select now() as now`);
  const read_at = (time?.now ?? new Date()).toISOString();
  return [
    {
      ...{ line: "journal", format: 1, domain, env, namespace, state_version, read_at },
      ...(since !== undefined && { since: dayStart(since) }),
      ...(begins_on !== undefined && { begins_on }),
    },
    ...contracts.map(({ hash, files }) => ({ line: "contract" as const, hash, files })),
  ];
}

/** An event's bytes, which can be long, stay last. */
const exportedLines = ({ lines, entities }: JournalPart): ExportedLine[] => [
  ...lines.map(({ partition, at, contract_hash, ...line }) => {
    return { line: "row", partition, at, contract_hash, ...line } as ExportedLine;
  }),
  ...entities.map((entity) => ({ line: "entity" as const, ...entity })),
];
