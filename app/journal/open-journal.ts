import type { TopicNames } from "../../runtime/contract/language/topic-pattern.ts";
import type { Domain } from "../../runtime/core/domain.ts";
import type { DomainCode } from "../../runtime/core/domain-code.ts";
import { compileStored } from "../host/contract-history.ts";
import type { JournalLine } from "./journal-line.ts";
import { NoJournal } from "./journal-source.ts";

type Head = Extract<JournalLine, { line: "journal" }>;
type HistoryLine = Extract<JournalLine, { line: "row" | "entity" }>;

export interface OpenJournal {
  readonly head: Head;
  /** By hash, compiled with the code of today. */
  readonly contracts: ReadonlyMap<string, Domain>;
  /** Of those that can't be. */
  readonly problems: readonly string[];
  /** What comes behind, entity by entity. */
  readonly histories: AsyncIterable<HistoryLine>;
}

/**
 * Reads the head of a journal and compiles the contracts that it was written under.
 * @param shipped contracts for a journal that has none of its own
 * @throws NoJournal
 */
export async function openJournal(
  lines: AsyncIterable<JournalLine>,
  code: DomainCode,
  shipped: (names: TopicNames) => Domain,
): Promise<OpenJournal> {
  const iterator = lines[Symbol.asyncIterator]();
  let next = await iterator.next();
  const head = next.done ? undefined : next.value;
  if (head?.line !== "journal") throw new NoJournal("a journal begins with the line that says whose it is");
  if (head.domain !== code.domain) throw new NoJournal(`a journal of the domain ${head.domain}, not of ${code.domain}`);
  const today = shipped(head);
  const contracts = new Map([[today.hash, today]]);
  const problems: string[] = [];
  for (next = await iterator.next(); !next.done && next.value.line === "contract"; next = await iterator.next()) {
    const { hash, files } = next.value;
    try {
      const { domain } = compileStored(files, code, head);
      if (domain.hash === hash) contracts.set(hash, domain);
      else problems.push(`the contracts ${hash.slice(0, 12)} have another content than their hash says`);
    } catch (error) {
      problems.push(
        `the contracts ${hash.slice(0, 12)} can't be compiled with this version: ${(error as Error).message}`,
      );
    }
  }
  return { head, contracts, problems, histories: rest(next, iterator) };
}

async function* rest(
  first: IteratorResult<JournalLine, unknown>,
  iterator: AsyncIterator<JournalLine, unknown>,
): AsyncGenerator<HistoryLine> {
  for (let next = first; !next.done; next = await iterator.next()) {
    if (next.value.line !== "row" && next.value.line !== "entity")
      throw new NoJournal("contracts stand before the rows, and one journal in a file");
    yield next.value;
  }
}
