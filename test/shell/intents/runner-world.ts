import type { Domain, EffectSpec } from "../../../runtime/core/domain.ts";
import { done, failed, type Outcome } from "../../../runtime/core/effect.ts";
import { Fault } from "../../../runtime/core/fault.ts";
import { intent as defineIntent, type Intent } from "../../../runtime/core/intent.ts";
import { BrokerClock } from "../../../runtime/shell/deadlines/broker-clock.ts";
import { noFailpoint } from "../../../runtime/shell/failpoint.ts";
import { Inbox, type InboxItem } from "../../../runtime/shell/turns/inbox.ts";
import type { AttemptOfIntent } from "../../../runtime/shell/intents/attempt-of-intent.ts";
import { IntentRunner } from "../../../runtime/shell/intents/intent-runner.ts";
import { DEFAULT_LIMITS } from "../../../runtime/shell/limits.ts";
import type { ShellContext } from "../../../runtime/shell/shell-context.ts";
import { Partition } from "../../../runtime/shell/partitions/partition.ts";
import { ManualClock } from "../../manual-clock.ts";

export const unavailable = failed(new Fault("UNAVAILABLE", "down", { retryable: true }));
export const invalid = failed(new Fault("REFUSED", "no", { retryable: false }));
export const confirmed = done({ type: "Written", payload: {} });

const STATES = new Map([
  ["OPEN", { terminal: false }],
  ["ENDED", { terminal: true }],
]);
type Parked = Extract<InboxItem, { kind: "parked" }>;

/** Takes the rows that the runner asks for out of its inbox, as turns would. */
function rowsOf(inbox: Inbox, runner: () => IntentRunner) {
  const held: Parked[] = [];
  const write = ({ partition, intents }: Parked): void =>
    runner().startCommitted({
      parked: intents.map((each) => ({ partition, attempt: rows.attempt, ...each })),
      ...{ settled: [], intents: [], entities: new Map() },
    });
  const rows = {
    attempt: "runs" as AttemptOfIntent,
    areHeld: false,
    asked: [] as Parked[],
    write: () => held.splice(0).forEach(write),
  };
  const push = inbox.push.bind(inbox);
  inbox.push = (item) => {
    if (item.kind !== "parked") return push(item);
    rows.asked.push(item);
    if (rows.areHeld) held.push(item);
    else queueMicrotask(() => write(item));
  };
  return rows;
}

/**
 * A runner with one effect. The test gives the outcome of each call; the last one repeats. Rows that it asks for are
 * written at once, unless `rows.areHeld`: then by `rows.write`.
 */
export function world(answers: (Outcome | "hang")[], spec: Partial<EffectSpec> = {}) {
  const clock = new ManualClock();
  const inbox = new Inbox(clock);
  const rows = rowsOf(inbox, () => runner);
  const calls: string[][] = [];
  const effect: EffectSpec = {
    intentType: "box.write",
    operation: "write",
    backend: "box",
    outputEvents: ["Written"],
    timeoutMs: 1_000,
    batchMax: 10,
    concurrency: 2,
    retry: { maxRetries: 3, initialDelayMs: 100, exponentialBase: 2, maxDelayMs: 250, jitter: 0 },
    breaker: { failureThreshold: 1_000_000, resetTimeoutMs: 5_000 },
    askAgain: { firstMs: 200, maxMs: 1_000 },
    effect: {
      intent: defineIntent("box.write", {}),
      faults: [],
      run: (intents) => {
        const answer = answers[Math.min(calls.length, answers.length - 1)] ?? confirmed;
        calls.push(intents.map(({ id }) => id));
        return answer === "hang" ? new Promise(() => {}) : Promise.resolve(intents.map(() => answer));
      },
    },
    ...spec,
  };
  const parts = {
    domain: { effects: new Map([["box.write", effect]]), orchestrator: { states: STATES } } as unknown as Domain,
    clock,
    inbox,
    brokerClock: new BrokerClock(clock),
    limits: DEFAULT_LIMITS,
    observe: () => {},
    failpoint: noFailpoint,
    stopping: new AbortController().signal,
  } as unknown as ShellContext;
  const partition = new Partition({
    number: 0,
    epoch: 1,
    nextSeq: 1,
    publishedSeq: 0,
    positions: new Map(),
    entitiesMax: 1,
  });
  const runner = new IntentRunner(parts);
  let lines = 0;
  const add = (...intents: Intent[]) =>
    runner.add(intents.map((intent) => ({ partition, intent, seq: ++lines, askedAtMs: parts.brokerClock.nowMs() })));
  const settled = () =>
    inbox.take(100).filter((item): item is Extract<InboxItem, { kind: "settled" }> => item.kind === "settled");
  return { clock, calls, partition, runner, rows, add, settled };
}

export const intentOf = (id: string, target = id): Intent => ({
  id,
  entityId: "n",
  attemptId: "a",
  type: "box.write",
  target,
  version: 1,
  correlationId: "c",
  payload: {},
});
