import type { EntityHistory } from "../promises/entity-history.ts";
import type { Judge } from "../promises/judge.ts";
import type { Report } from "../promises/promises.ts";
import { PublicationJudge } from "../promises/publication.ts";
import { type Evidence, historyEventOf, publishedCopyOf, seqOf } from "./evidence.ts";
import { judgeDeadLetters } from "./judge-dead-letters.ts";
import { judgeEnvelopes } from "./judge-envelopes.ts";
import type { PublicDomain } from "./topics.ts";

/** How far the clocks of one machine may differ. */
export const CLOCKS_MS = 20;

/**
 * Checks what is promised to each domain on a system that has come to rest, by what outsiders can see. Shares no code
 * with what it judges.
 * @param broken takes what was broken, with the promise's id
 * @returns the entities by their events
 */
export function judgeEvents<History extends EntityHistory>(
  evidence: Evidence,
  domain: PublicDomain,
  broken: string[],
  judgeWith: (report: Report) => Judge<History>,
): ReadonlyMap<string, History> {
  const report: Report = (promise, what) => void broken.push(`${promise} ${what}`);
  broken.push(...judgeEnvelopes(evidence.records, domain), ...judgeDeadLetters(evidence));
  const publication = new PublicationJudge(report, evidence.partitions);
  const events = evidence.records.filter((record) => publication.published(publishedCopyOf(record)));
  const judge = judgeWith(report);
  for (const record of events.toSorted((a, b) => seqOf(a) - seqOf(b))) judge.event(historyEventOf(record));
  return judge.entities;
}
