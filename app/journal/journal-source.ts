import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import type { Sql } from "../../runtime/ports/store.ts";
import { ask } from "../terminal/server-client.ts";
import type { Config } from "../host/config.ts";
import { asJournalLine, type JournalLine } from "./journal-line.ts";
import { journalHead, journalLines, type JournalPlace } from "./journal-pages.ts";

/** Rows of a page: a page of the largest rows still fits into memory many times. */
export const PAGE_ROWS = 200;

export interface Window {
  /** Only entities with a row at or after this time (RFC 3339), but with all of their rows. */
  readonly since?: string | undefined;
}

/** What was to be read is no journal. */
export class NoJournal extends Error {
  override readonly name = "NoJournal";
}

/** @throws NoJournal with the line's number */
export async function* linesOfFile(file: string): AsyncGenerator<JournalLine> {
  let number = 0;
  try {
    for await (const text of createInterface({ input: createReadStream(file, "utf8"), crlfDelay: Infinity })) {
      number++;
      if (text.trim() !== "") yield parsed(text, `${file}:${number}`);
    }
  } catch (error) {
    if (error instanceof NoJournal) throw error;
    throw new NoJournal(`${file} can't be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Of the configured store, which is only read. */
export async function* linesOfStore(
  sql: Sql,
  domain: string,
  config: Config,
  window: Window,
): AsyncGenerator<JournalLine> {
  yield* await journalHead(sql, domain, config);
  let place: JournalPlace | undefined;
  do {
    const page = await journalLines(sql, domain, place, { limit: PAGE_ROWS, ...window });
    yield* page.lines;
    place = page.next;
  } while (place !== undefined);
}

/** Of a running system, page by page. */
export async function* linesOfServer(server: { readonly url: string }, { since }: Window): AsyncGenerator<JournalLine> {
  let cursor: string | undefined;
  do {
    const page = await ask<{ items: JournalLine[]; next_cursor: string | null }>(server, "/api/v1/journal", {
      query: { cursor, since },
    });
    yield* page.items;
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
}

function parsed(text: string, place: string): JournalLine {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new NoJournal(`${place}: no JSON`);
  }
  const line = asJournalLine(value);
  if (!line) throw new NoJournal(`${place}: no line of a journal: \`rollcall replay --export\` writes them`);
  return line;
}
