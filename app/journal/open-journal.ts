import type { ContractSet } from "../../runtime/contract/reading/contract-source.ts";
import type { TopicVariables } from "../../runtime/contract/language/topic-pattern.ts";
import type { Domain } from "../../runtime/core/domain.ts";
import type { DomainCode } from "../../runtime/core/domain.ts";
import { compileStoredContracts } from "../host/contracts-in-force.ts";
import { type ExportedLine, InvalidJournalError } from "./exported-line.ts";

type HistoryLine = Extract<ExportedLine, { line: "row" | "entity" }>;

export type OpenJournal = Awaited<ReturnType<typeof openJournal>>;

/** What a domain's journal is repeated with. */
export interface JournalDomain {
  readonly code: DomainCode;
  /** Contracts for a journal that has none. */
  readonly compile: (names: TopicVariables) => Domain;
}

/**
 * Reads the head of a journal and compiles the contracts that it was written under.
 * @param domainNamed gives the journal's domain, or throws
 * @returns the contracts by hash, compiled with this version's code, and the newest of them; those that can't be, and
 * why; the rows and entities behind the head, partition by partition
 * @throws InvalidJournalError
 */
export async function openJournal(lines: AsyncIterable<ExportedLine>, domainNamed: (name: string) => JournalDomain) {
  const iterator = lines[Symbol.asyncIterator]();
  let next = await iterator.next();
  const head = next.done ? undefined : next.value;
  if (head?.line !== "journal") throw new InvalidJournalError("a journal begins with its head line");
  const { code, compile } = domainNamed(head.domain);
  const currentDomain = compile(head);
  const contracts = new Map([[currentDomain.contractHash, currentDomain]]);
  const problems: string[] = [];
  let newest: ContractSet | undefined;
  const { begins_on, since } = head;
  if (begins_on !== undefined && (since === undefined || since.slice(0, 10) < begins_on))
    problems.push(`the days before ${begins_on} were dropped from the journal: they are not repeated`);
  for (next = await iterator.next(); !next.done && next.value.line === "contract"; next = await iterator.next()) {
    const { hash, files } = next.value;
    try {
      const { domain, model } = compileStoredContracts(files, code, head, { computes: [], gateways: [], hash });
      newest = model.set;
      if (domain.contractHash === hash) contracts.set(hash, domain);
      else problems.push(`the contracts ${hash.slice(0, 12)} don't match their hash`);
    } catch (error) {
      problems.push(
        `the contracts ${hash.slice(0, 12)} can't be compiled with this version: ${(error as Error).message}`,
      );
    }
  }
  const entityHistories = historyLines(next, iterator);
  return { head, contracts, newest, fallback: currentDomain, problems, entityHistories };
}

async function* historyLines(
  first: IteratorResult<ExportedLine, unknown>,
  iterator: AsyncIterator<ExportedLine, unknown>,
): AsyncGenerator<HistoryLine> {
  for (let next = first; !next.done; next = await iterator.next()) {
    if (next.value.line !== "row" && next.value.line !== "entity")
      throw new InvalidJournalError("contract lines must precede the rows, and a file holds one journal");
    yield next.value;
  }
}
