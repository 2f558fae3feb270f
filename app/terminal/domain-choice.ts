import type { Command } from "commander";
import { UsageError } from "./usage-error.ts";

export interface DomainOptions {
  readonly domain?: string;
}

/** `--domain`, for a command that concerns one of several domains. */
export const withDomainOption = (command: Command): Command =>
  command.option("--domain <name>", "the domain, where there are several");

/**
 * The domain that is named, else the only one.
 * @param owner whose they are, for messages: `the store`
 * @throws UsageError that lists them, when none fits or one must be named
 */
export function chooseDomain<Each extends { readonly name: string }>(
  domains: readonly Each[],
  wanted: string | undefined,
  owner: string,
): Each {
  const names = domains.map(({ name }) => name).join(", ");
  const chosen = wanted === undefined ? domains[0] : domains.find(({ name }) => name === wanted);
  if (chosen === undefined && domains.length === 0) throw new UsageError(`no domain yet of ${owner}`);
  if (chosen === undefined) throw new UsageError(`no domain ${wanted} of ${owner}: there are ${names}`);
  if (wanted === undefined && domains.length > 1)
    throw new UsageError(`several domains of ${owner}: name one of ${names} with --domain`);
  return chosen;
}
