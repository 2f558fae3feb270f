import { AcknowledgeRun, AnswerLock, DeleteRun, KillRun } from "../../contracts/flow-run/messages/commands.ts";
import {
  AnswerKept,
  LockAnswered,
  RunAcknowledged,
  RunDeleted,
  RunFailed,
  RunResumed,
} from "../../contracts/flow-run/messages/events.ts";
import { KEPT_ANSWERS_MAX, type RunState } from "../../contracts/flow-run/messages/state.ts";
import type { EntityView } from "../../runtime/core/handler.ts";
import { refuse } from "../../runtime/core/handler.ts";
import type { PayloadOf } from "../../runtime/core/message.ts";
import { toRfc3339 } from "../../runtime/core/time.ts";
import { handler } from "./handler.ts";
import { wrongState } from "./wrong-state.ts";

type Answered = PayloadOf<typeof AnswerLock>;

/** Of two answers to one question the first counts, also where it came before the question. */
function keep({ lid, result, by }: Answered, { answered, kept_answers }: RunState) {
  if (answered.includes(lid) || kept_answers.some((kept) => kept.lid === lid)) return refuse("LOCK_ANSWERED", { lid });
  if (kept_answers.length >= KEPT_ANSWERS_MAX) return refuse("TOO_MANY_ANSWERS", { kept: kept_answers.length });
  return [AnswerKept.of({ lid, result, by })];
}

export const HandlerAnswerLock = handler(
  AnswerLock,
  { refusals: ["LOCK_ANSWERED", "LOCK_EXPIRED", "TOO_MANY_ANSWERS", "WRONG_STATE"] },
  {
    keep: ({ message: { payload }, entity }) => keep(payload, entity.data),
    answer({ message: { payload }, entity: { data }, now }) {
      const { lid, result, by } = payload;
      const open = data.locks.find((lock) => lock.lid === lid);
      if (!open) return keep(payload, data);
      if (Date.parse(open.expires_at) < now) return refuse("LOCK_EXPIRED", { lid, expired_at: open.expires_at });
      const answered = LockAnswered.of({ lid, result, by });
      return data.locks.length === 1 ? [answered, RunResumed.of({})] : [answered];
    },
    wrong_state: ({ entity }) => wrongState(entity.state),
  },
);

export const HandlerKillRun = handler(
  KillRun,
  { refusals: ["WRONG_STATE"] },
  {
    kill: ({ message: { payload }, now }) => [
      RunFailed.of({
        ...{ reported: null, error: { code: "killed", message: `killed by ${payload.by}` } },
        at: toRfc3339(now),
      }),
    ],
    wrong_state: ({ entity }) => wrongState(entity.state),
  },
);

const stateRefused = ({ entity }: { readonly entity: EntityView<RunState> }) => wrongState(entity.state);

export const HandlerAcknowledgeRun = handler(
  AcknowledgeRun,
  { refusals: ["WRONG_STATE"] },
  {
    acknowledge: ({ message: { payload } }) => [RunAcknowledged.of({ by: payload.by })],
    wrong_state: stateRefused,
  },
);

export const HandlerDeleteRun = handler(
  DeleteRun,
  { refusals: ["WRONG_STATE"] },
  {
    delete: ({ message: { payload } }) => [RunDeleted.of({ by: payload.by })],
    wrong_state: stateRefused,
  },
);
