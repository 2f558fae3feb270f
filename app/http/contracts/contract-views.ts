import { basename } from "node:path";
import { LRUCache } from "lru-cache";
import { z } from "zod";
import { loadContract } from "../../../runtime/contract/reading/load.ts";
import { Diagnostic } from "../../../runtime/contract/diagnostics/diagnostic.ts";
import type { LoadedContract } from "../../../runtime/contract/reading/contract-source.ts";
import type { Sql } from "../../../runtime/ports/store.ts";

const VERSIONS_MAX = 100;

export const ContractFileView = z.object({
  file: z.string(),
  name: z.string(),
  kind: z.string(),
  contract_version: z.string().nullable(),
  text: z.string(),
  diagnostics: z.array(Diagnostic),
});
export const ContractVersion = z.object({
  hash: z.string(),
  first_run_at: z.iso.datetime(),
  versions: z.record(z.string(), z.string()).describe("file name -> contract_version"),
});
export type ContractVersion = z.infer<typeof ContractVersion>;

/** A problem of a contract as answers have it: files by their names in the folder. */
export type ContractDiagnostic = Diagnostic;

export const diagnosticView = ({ file, related, ...diagnostic }: Diagnostic): ContractDiagnostic => ({
  ...{ ...diagnostic, file: basename(file) },
  ...(related && { related: related.map((each) => ({ ...each, file: basename(each.file) })) }),
});

export function versionText({
  contract: { contract_version: version },
}: Pick<LoadedContract, "contract">): string | null {
  return version === undefined ? null : `${version.major}.${version.minor}.${version.patch}`;
}

/** What a hash stands for never changes. */
const versionsByHash = new LRUCache<string, Record<string, string>>({ max: VERSIONS_MAX });

/** The contents that ran, newest first. */
export async function readContractHistory(sql: Sql, domain: string): Promise<ContractVersion[]> {
  const rows = await sql.query<{ hash: string; first_run_at: Date }>(
    "select hash, first_run_at from rollcall.contract_set where domain = $1 order by first_run_at desc, hash limit " +
      `${VERSIONS_MAX}`,
    [domain],
  );
  const unread = rows.filter(({ hash }) => !versionsByHash.has(hash)).map(({ hash }) => hash);
  const read = await sql.query<{ hash: string; files: Record<string, string> }>(
    `select hash, files from rollcall.contract_set where domain = $1 and hash = any($2::text[])`,
    [domain, unread],
  );
  for (const { hash, files } of read) versionsByHash.set(hash, readVersions(files));
  return rows.map(({ hash, first_run_at }) => ({
    hash,
    first_run_at: first_run_at.toISOString(),
    versions: versionsByHash.get(hash) ?? {},
  }));
}

function readVersions(files: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(files).flatMap(([file, text]) => {
      const { source } = loadContract({ file, text });
      const version = source && versionText(source);
      return version ? [[file, version]] : [];
    }),
  );
}

/** Undefined: no content of this hash ever ran. */
export async function readStoredFiles(sql: Sql, domain: string, hash: string) {
  const [row] = await sql.query<{ files: Record<string, string>; first_run_at: Date }>(
    `select files, first_run_at from rollcall.contract_set where domain = $1 and hash = $2`,
    [domain, hash],
  );
  return row && { hash, first_run_at: row.first_run_at.toISOString(), files: row.files };
}
