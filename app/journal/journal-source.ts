import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import type { Sql } from "../../runtime/ports/store.ts";
import { listItems } from "../terminal/server-client.ts";
import { domainPath } from "../terminal/server-domains.ts";
import type { Config } from "../host/config.ts";
import { InvalidJournalError, type JournalLine, parseJournalLine } from "./journal-line.ts";
import { readJournalHead, readJournalPage, type JournalPosition } from "./journal-pages.ts";

/** Rows per page: small enough that a page of the largest rows fits into memory many times. */
export const PAGE_ROWS = 200;

export interface JournalWindow {
  /** Only entities with a row at or after this time (RFC 3339), but with all of their rows. */
  readonly since?: string | undefined;
}

/** @throws InvalidJournalError with the line's number */
export async function* readJournalFile(file: string): AsyncGenerator<JournalLine> {
  let number = 0;
  try {
    for await (const text of createInterface({ input: createReadStream(file, "utf8"), crlfDelay: Infinity })) {
      number++;
      if (text.trim() !== "") yield parseLine(text, `${file}:${number}`);
    }
  } catch (error) {
    if (error instanceof InvalidJournalError) throw error;
    throw new InvalidJournalError(`${file} can't be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The journal of the configured store, which is only read. */
export async function* readStoredJournal(
  sql: Sql,
  domain: string,
  config: Config,
  window: JournalWindow,
): AsyncGenerator<JournalLine> {
  yield* await readJournalHead(sql, domain, config);
  let position: JournalPosition | undefined;
  do {
    const page = await readJournalPage(sql, domain, position, { limit: PAGE_ROWS, ...window });
    yield* page.lines;
    position = page.next;
  } while (position !== undefined);
}

/** The journal of a domain of a running server, page by page. */
export async function* readServerJournal(
  server: { readonly url: string; readonly domain?: string },
  { since }: JournalWindow,
): AsyncGenerator<JournalLine> {
  yield* listItems<JournalLine>(server, await domainPath(server, "/journal"), { since });
}

function parseLine(text: string, location: string): JournalLine {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new InvalidJournalError(`${location}: not JSON`);
  }
  const line = parseJournalLine(value);
  if (!line)
    throw new InvalidJournalError(`${location}: not a line of a journal: \`rollcall replay --export\` writes one`);
  return line;
}
