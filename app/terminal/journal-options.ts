import type { Command } from "commander";
import { refuseFormerStore } from "../../runtime/adapters/former-store.ts";
import { PostgresStore } from "../../runtime/adapters/postgres/postgres-store.ts";
import { compileDomain } from "../../runtime/contract/compile/compile-domain.ts";
import { validateDomain } from "../../runtime/contract/checks/validate.ts";
import { SHIPPED_CONTRACTS } from "../host/compose.ts";
import type { JournalLine } from "../journal/journal-line.ts";
import {
  readJournalFile,
  readServerJournal,
  readStoredJournal,
  InvalidJournalError,
  type JournalWindow,
} from "../journal/journal-source.ts";
import { type OpenJournal, openJournal } from "../journal/open-journal.ts";
import { withoutBackends } from "../modules/registration.ts";
import { withServerOptions, type ServerOptions } from "./server-client.ts";
import { readStoreConfig } from "./store-config.ts";

export interface JournalOptions extends ServerOptions {
  readonly from?: string;
}

const code = withoutBackends();

/** `--from`, `--url` and `--json`, for a command that reads a journal. */
export const withJournalOptions = (command: Command): Command =>
  withServerOptions(command)
    .option("--from <file>", "a file that --export wrote")
    .option("--journal", "the journal of DATABASE_URL, or of the server at --url: the default", true);

/**
 * Reads the lines of the chosen journal; nothing is written. An invalid journal ends the command as wrong usage.
 */
export async function withJournalLines<Result>(
  options: JournalOptions,
  command: Command,
  window: JournalWindow,
  read: (lines: AsyncIterable<JournalLine>) => Promise<Result>,
): Promise<Result> {
  const { lines, close } = openSource(options, command, window);
  try {
    return await read(lines);
  } catch (error) {
    if (error instanceof InvalidJournalError) command.error(`error: ${error.message}`);
    throw error;
  } finally {
    await close();
  }
}

/** As `withJournalLines`, with the journal's head read and its contracts compiled. */
export const withJournal = <Result>(
  options: JournalOptions,
  command: Command,
  window: JournalWindow,
  read: (journal: OpenJournal) => Promise<Result>,
): Promise<Result> =>
  withJournalLines(options, command, window, async (lines) =>
    read(
      await openJournal(lines, code, (names) => {
        const { model } = validateDomain(SHIPPED_CONTRACTS, code);
        if (!model) throw new Error("the shipped contracts have errors: rollcall validate");
        return compileDomain(model, names);
      }),
    ),
  );

function openSource({ from, url }: JournalOptions, command: Command, window: JournalWindow) {
  const noClose = async (): Promise<void> => {};
  if (from !== undefined) return { lines: readJournalFile(from), close: noClose };
  const config = readStoreConfig(process.env);
  if (config.DATABASE_URL === undefined || command.getOptionValueSource("url") === "cli")
    return { lines: readServerJournal({ url }, window), close: noClose };
  const store = new PostgresStore({
    ...{ url: config.DATABASE_URL, applicationName: "rollcall replay", maxConnections: 1, readOnly: true },
  });
  const lines = async function* (): AsyncGenerator<JournalLine> {
    await refuseFormerStore(store);
    yield* readStoredJournal(store, code.domain, config, window);
  };
  return { lines: lines(), close: () => store.close() };
}
