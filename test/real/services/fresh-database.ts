import { Client } from "pg";
import { freshNamespace } from "./fresh-namespace.ts";

export interface FreshDatabase {
  readonly url: string;
  /** Breaks the connections that are left. */
  drop(): Promise<void>;
}

/** An empty database on the same server, for one test file. */
export async function freshDatabase(databaseUrl: string): Promise<FreshDatabase> {
  const name = `rollcall_${freshNamespace()}`;
  const url = new URL(databaseUrl);
  url.pathname = `/${name}`;
  await runSql(databaseUrl, `create database ${name}`);
  return { url: url.href, drop: () => runSql(databaseUrl, `drop database if exists ${name} with (force)`) };
}

async function runSql(databaseUrl: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
