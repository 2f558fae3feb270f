import type { Entity } from "../../../runtime/core/entity.ts";
import { loadEntity, UnreadableData } from "../../../runtime/core/entity-data.ts";
import { possibleTransitions } from "../../../runtime/contract/graph/possible-transitions.ts";
import type { System } from "../../host/compose.ts";
import { findDeadLetters } from "../dead-letters/dead-letters.ts";
import { readPartitionServices } from "../../../runtime/stored/partition-owners.ts";
import { formatDuration } from "../server/text-format.ts";
import { readHistory } from "./entity-history.ts";
import { partitionOfEntity } from "./entity-queries.ts";
import { type Explanation, explain } from "./explanation.ts";
import { timelineItems } from "./timeline.ts";

const RECENT_ITEMS = 50;
const DEAD_LETTERS = 10;
const FAILURE_SHOWN_MS = 60_000;

interface Explained {
  readonly system: System;
  readonly failures: ReturnType<typeof watchIntentFailures>;
}

/** Also of an unknown entity: its messages may be in the dead letters. */
export async function readExplanation({ system, failures }: Explained, entityId: string): Promise<Explanation> {
  const { domain, model, runtime } = system;
  const { entity, groups, droppedOn, pendingIntents } = await readHistory(system, entityId);
  const items = groups.toReversed().flatMap((group) => timelineItems(domain.name, group));
  const attemptId = entity?.attempt.id;
  const recentItems = items.slice(-RECENT_ITEMS);
  const ofAttempt = attemptId ? items.filter(({ attempt_id }) => attempt_id === attemptId) : [];
  // Of an intent with tries the last error is known: the failures of its type would repeat it.
  const untried = pendingIntents.filter(({ tries }) => tries.length === 0).map(({ type }) => type);
  const deadLetters = await findDeadLetters(system, { key: Buffer.from(entityId), retried: false }, DEAD_LETTERS);
  return explain({
    ...{ domain, id: entityId, entity, droppedOn, pendingIntents },
    // All of a document's life is one attempt.
    attemptItems: domain.lifecycle === "document" ? recentItems : ofAttempt,
    recentItems,
    dead_letters: deadLetters.map(({ id, at, code, error }) => ({ id, at, code, error })),
    trouble: [
      ...(await readOutages(system, entityId)),
      ...unreadableText(system, entity),
      ...failures.describe(untried),
    ],
    moved_by: [...possibleTransitions(model, entity?.state ?? null)],
    nowMs: runtime.status().brokerTimeMs,
  });
}

/** Outages that stop every entity of the same partition. */
async function readOutages(system: System, id: string): Promise<string[]> {
  const { bus, store, refused, refusedTurns } = system.runtime.status();
  const partition = partitionOfEntity(system, id);
  const services = await readPartitionServices(system.store, system.name);
  return [
    ...Object.entries({ bus, store }).flatMap(([part, status]) =>
      status.ok ? [] : [`the ${part} can't be reached (${status.reason})`],
    ),
    ...services
      .filter((service) => service.partition === partition && !service.isServed)
      .map(({ seconds }) => `no process has served its partition ${partition} for ${Math.floor(seconds)} s`),
    ...refused.filter((reason) => reason.includes(`partition ${partition} `)),
    ...refusedTurns
      .filter(({ entityId }) => entityId === id)
      .map(({ type, error }) => `the store refuses the turn of ${type} (${error})`),
  ];
}

function unreadableText({ domain }: System, entity: Entity | undefined): string[] {
  try {
    if (entity) loadEntity(domain, entity);
    return [];
  } catch (error) {
    if (!(error instanceof UnreadableData)) throw error;
    return [`its stored data can't be read: ${error.message}`];
  }
}

/** What this process's effects failed with in the last minute. Failures in other processes are not known here. */
export function watchIntentFailures({ watch, clock }: Pick<System, "watch" | "clock">) {
  /** By intent type: the contract bounds their number. */
  const failures = new Map<string, { readonly code: string; readonly atMs: number }>();
  const close = watch((event) => {
    if (event.kind !== "intent") return;
    if (event.result === "done" || event.result === "not_yet") failures.delete(event.type);
    else if (event.result !== "superseded_intent")
      failures.set(event.type, { code: event.code ?? "", atMs: clock.monotonicMs() });
  });
  /** A clause for each of these types that failed and has not succeeded since. */
  const describe = (types: readonly string[]): string[] =>
    [...new Set(types)].flatMap((type) => {
      const { code, atMs = -Infinity } = failures.get(type) ?? {};
      const agoMs = clock.monotonicMs() - atMs;
      if (agoMs > FAILURE_SHOWN_MS) return [];
      return [`${type} is being retried, it failed with ${code} ${formatDuration(agoMs)} ago`];
    });
  return { describe, close };
}
