import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { listItems } from "../terminal/server-client.ts";
import { domainPath } from "../terminal/server-domains.ts";
import { type ExportedLine, InvalidJournalError, parseExportedLine } from "./exported-line.ts";
import type { JournalWindow } from "./stored-journal.ts";

/** @throws InvalidJournalError with the line's number */
export async function* readJournalFile(file: string): AsyncGenerator<ExportedLine> {
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

/** The journal of a domain of a running server, page by page. */
export async function* readServerJournal(
  server: { readonly url: string; readonly domain?: string },
  { since, stateVersion }: JournalWindow,
): AsyncGenerator<ExportedLine> {
  yield* listItems<ExportedLine>(server, await domainPath(server, "/journal"), {
    since,
    state_version: stateVersion === undefined ? undefined : String(stateVersion),
  });
}

function parseLine(text: string, location: string): ExportedLine {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new InvalidJournalError(`${location}: not JSON`);
  }
  const line = parseExportedLine(value);
  if (!line)
    throw new InvalidJournalError(`${location}: not a line of a journal: \`rollcall replay --export\` writes one`);
  return line;
}
