import type { OpenLock } from "../../contracts/flow-run/messages/state.ts";
import { RunState } from "../../contracts/flow-run/messages/state.ts";
import type { RunError } from "../../contracts/flow-run/messages/fields.ts";
import { ProcessAnswer, ProcessForget, ProcessStart, ProcessStop } from "../../effects/process/messages.ts";
import { type ReducerContext, reducer } from "../../runtime/core/reducer.ts";
import { toRfc3339 } from "../../runtime/core/time.ts";

type Context<Data> = ReducerContext<Data, RunState>;
type Launched = Context<{
  readonly path: string;
  readonly name: string;
  readonly inputs: RunState["inputs"];
  readonly by: string;
  readonly from: string | null;
}>;
type Reported<More = object> = Context<{ readonly reported: number } & More>;
type Answer = Context<RunState["kept_answers"][number]>;
type Failed = Context<{ readonly reported: number | null; readonly error: RunError; readonly at: string }>;
type Done = Reported<{ readonly result: RunState["result"]; readonly at: string }>;
type By = Context<{ readonly by: string }>;

const withLocks = (state: RunState, locks: readonly OpenLock[]): RunState => ({
  ...state,
  ...{ locks: [...locks], asks: locks.length > 0 },
});

/** What is over asks nobody, and was answered what it was answered. */
const ended = (state: RunState, at: string): RunState => ({ ...withLocks(state, []), kept_answers: [], ended_at: at });

/** Whether a run goes on is the orchestrator's business; this is what is known of it. */
export const flowRunReducer = reducer(
  RunState,
  {
    keep_run: (state, { payload: { path, name, inputs, by, from }, now }: Launched) => ({
      ...{ ...state, path, name, inputs, from, launched_by: by, created_at: toRfc3339(now) },
    }),
    note_start: (state, { payload: { reported, at } }: Reported<{ readonly at: string }>) => ({
      ...{ ...state, reported, started_at: at },
    }),
    keep_progress: (
      state,
      { payload: { reported, progress } }: Reported<{ readonly progress: RunState["progress"] }>,
    ) => ({
      ...{ ...state, reported, progress },
    }),
    count_report: (state, { payload: { reported } }: Reported) => ({ ...state, reported }),
    open_lock: (state, { payload: { reported, lid, question, expires_at } }: Reported<OpenLock>) => {
      const others = state.locks.filter((lock) => lock.lid !== lid);
      return { ...withLocks(state, [...others, { lid, question, expires_at }]), reported };
    },
    keep_answer: (state, { payload: { lid, result, by } }: Answer) => ({
      ...{ ...state, kept_answers: [...state.kept_answers, { lid, result, by }] },
    }),
    close_lock: (state, { payload: { lid } }: Answer) => ({
      ...withLocks(
        state,
        state.locks.filter((lock) => lock.lid !== lid),
      ),
      kept_answers: state.kept_answers.filter((kept) => kept.lid !== lid),
      answered: [...state.answered.filter((each) => each !== lid), lid],
    }),
    keep_result: (state, { payload: { reported, result, at } }: Done) => ({ ...ended(state, at), reported, result }),
    keep_error: (state, { payload: { reported, error, at } }: Failed) => ({
      ...{ ...ended(state, at), error, reported: reported ?? state.reported },
    }),
    acknowledge: (state, { payload: { by }, now }: By) => ({ ...state, acknowledged: { by, at: toRfc3339(now) } }),
  },
  {
    start_process: ({ path, inputs }, { entity }) => ProcessStart.of({ run_id: entity.id, flow: path, inputs }),
    answer_process: (_, { payload: { lid, result }, entity }: Answer) =>
      ProcessAnswer.of({ run_id: entity.id, lid, result }),
    stop_process: (_, { entity }) => ProcessStop.of({ run_id: entity.id }),
    forget_process: (_, { entity }) => ProcessForget.of({ run_id: entity.id }),
  },
);
