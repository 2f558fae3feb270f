import { LockAnswered, RunDone, RunFailed, RunLocked, RunLogged } from "../../contracts/flow-run/messages/events.ts";
import { RunProgressed, RunResumed, RunStarted } from "../../contracts/flow-run/messages/events.ts";
import {
  ReportError,
  ReportLock,
  ReportLog,
  ReportProgress,
  ReportResult,
  ReportStart,
} from "../../contracts/flow-run/messages/reports.ts";
import type { RunState } from "../../contracts/flow-run/messages/state.ts";
import { type EntityView, nothing } from "../../runtime/core/handler.ts";
import { DeadlineFired, type NewEvent } from "../../runtime/core/message.ts";
import { handler } from "./handler.ts";

type Run = EntityView<RunState>;

/** What the node has told before changes nothing: it may tell twice what it was not sure to have told. */
const once = (nth: number, { data }: Run, events: () => readonly NewEvent[]) =>
  nth > data.reported ? events() : nothing(`report ${nth} was told before`);

export const HandlerReportStart = handler(
  ReportStart,
  {},
  {
    start: ({ message: { payload }, entity }) =>
      once(payload.nth, entity, () => [RunStarted.of({ reported: payload.nth, at: payload.at })]),
  },
);

export const HandlerReportProgress = handler(
  ReportProgress,
  {},
  {
    progress: ({ message: { payload }, entity }) =>
      once(payload.nth, entity, () => [RunProgressed.of({ reported: payload.nth, progress: payload.progress })]),
  },
);

export const HandlerReportLog = handler(
  ReportLog,
  {},
  {
    log: ({ message: { payload }, entity }) =>
      once(payload.nth, entity, () => [RunLogged.of({ reported: payload.nth, lines: payload.lines })]),
  },
);

export const HandlerReportLock = handler(
  ReportLock,
  {},
  {
    lock: ({ message: { payload }, entity }) =>
      once(payload.nth, entity, () => {
        const { lid, question, expires_at, nth } = payload;
        const { kept_answers, locks } = entity.data;
        const locked = RunLocked.of({ reported: nth, lid, question, expires_at });
        const kept = kept_answers.find((answer) => answer.lid === lid);
        if (!kept) return [locked];
        const answered = LockAnswered.of(kept);
        return locks.length === 0 ? [locked, answered, RunResumed.of({})] : [locked, answered];
      }),
  },
);

export const HandlerReportResult = handler(
  ReportResult,
  {},
  {
    finish: ({ message: { payload }, entity }) =>
      once(payload.nth, entity, () => [RunDone.of({ reported: payload.nth, result: payload.result, at: payload.at })]),
  },
);

export const HandlerReportError = handler(
  ReportError,
  {},
  {
    fail: ({ message: { payload }, entity }) =>
      once(payload.nth, entity, () => [RunFailed.of({ reported: payload.nth, error: payload.error, at: payload.at })]),
  },
);

const givenUp = (code: string, message: string) =>
  handler(
    DeadlineFired,
    {},
    {
      give_up: ({ message: { payload } }) => [
        RunFailed.of({ reported: null, error: { code, message }, at: payload.deadline_at }),
      ],
    },
  );

export const HandlerOverdue = givenUp("timeout", "nothing was heard of its end");
export const HandlerLockOverdue = givenUp("lock_expired", "nobody has answered, and nothing was heard of it");
