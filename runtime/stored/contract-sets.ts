import type { Sql } from "../ports/store.ts";

/** The contracts of a domain: the text of each file, by its name. */
export type ContractFiles = Readonly<Record<string, string>>;

export interface StoredContractSet {
  /** SHA-256, hex, of the contracts' canonical content. */
  readonly hash: string;
  readonly files: ContractFiles;
  readonly firstRunAt: Date;
}

/** Which contracts all processes run. */
export interface InForce extends Pick<StoredContractSet, "hash"> {
  /** Of entities' data: the highest of the code that has run them. */
  readonly stateVersion: number;
  readonly since: Date;
  /** Who put them in force. */
  readonly by: string;
}

const COLUMNS = 'hash, files, first_run_at as "firstRunAt"';

/** Undefined: no contracts of the domain with this hash ever ran. */
export async function readContractSet(sql: Sql, domain: string, hash: string): Promise<StoredContractSet | undefined> {
  const [stored] = await readContractSets(sql, domain, [hash]);
  return stored;
}

/** Those with one of these hashes, in no order. */
export const readContractSets = (sql: Sql, domain: string, hashes: readonly string[]): Promise<StoredContractSet[]> =>
  sql.query<StoredContractSet>(
    `select ${COLUMNS} from rollcall.contract_set where domain = $1 and hash = any($2::text[])`,
    [domain, hashes],
  );

/** All that ever ran, oldest first. */
export const allContractSets = (sql: Sql, domain: string): Promise<StoredContractSet[]> =>
  sql.query(`select ${COLUMNS} from rollcall.contract_set where domain = $1 order by first_run_at, hash`, [domain]);

/** All that ran first at another time, newest first, without their files. */
export const listContractSets = (
  sql: Sql,
  domain: string,
  limit: number,
): Promise<Pick<StoredContractSet, "hash" | "firstRunAt">[]> =>
  sql.query(
    `select hash, first_run_at as "firstRunAt" from rollcall.contract_set
      where domain = $1 order by first_run_at desc, hash limit $2`,
    [domain, limit],
  );

/** The one that was stored last; undefined: none yet. */
export async function newestContractSet(sql: Sql, domain: string): Promise<StoredContractSet | undefined> {
  const [newest] = await sql.query<StoredContractSet>(
    `select ${COLUMNS} from rollcall.contract_set where domain = $1 order by first_run_at desc limit 1`,
    [domain],
  );
  return newest;
}

/** Stores contracts that run from now on; those that are stored stay as they are. */
export async function addContractSet(
  sql: Sql,
  domain: string,
  { hash, files }: Pick<StoredContractSet, "hash" | "files">,
): Promise<void> {
  await sql.query(
    `insert into rollcall.contract_set (hash, domain, files, first_run_at) values ($1, $2, $3::json, now())
     on conflict do nothing`,
    [hash, domain, JSON.stringify(files)],
  );
}

/** Undefined: none are yet. */
export async function contractInForce(sql: Sql, domain: string): Promise<InForce | undefined> {
  const [row] = await sql.query<InForce>(
    `select hash, state_version as "stateVersion", since, activated_by as by
       from rollcall.contract_in_force where domain = $1`,
    [domain],
  );
  return row;
}

/** Only with the domain's partitions locked (`lockPartitions`). @param hash of contracts that are stored */
export async function writeContractInForce(
  tx: Sql,
  domain: string,
  { hash, stateVersion, by }: Omit<InForce, "since">,
): Promise<void> {
  await tx.query(
    `insert into rollcall.contract_in_force (domain, hash, state_version, since, activated_by)
     values ($1, $2, $3, clock_timestamp(), $4)
     on conflict (domain) do update set hash = excluded.hash, state_version = excluded.state_version,
       since = excluded.since, activated_by = excluded.activated_by`,
    [domain, hash, stateVersion, by],
  );
}

/** The domains that have contracts in force, by name. */
export async function domainsInForce(sql: Sql): Promise<string[]> {
  const rows = await sql.query<{ domain: string }>("select domain from rollcall.contract_in_force order by domain");
  return rows.map(({ domain }) => domain);
}
