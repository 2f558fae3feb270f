import { done, type Effect, effect, notYet, type Outcome } from "../../runtime/core/effect.ts";
import type { Intent } from "../../runtime/core/intent.ts";
import { ProcessAnswer, ProcessForget, ProcessStart, ProcessStop } from "./messages.ts";
import type { Runner } from "./runner.ts";

/** What goes wrong is UNAVAILABLE, and tried again. */
const FAULTS = ["UNAVAILABLE"];

/** Begun is done: how it goes is told by messages. Where too many go on, it waits. */
export const HandlerProcessStart = (runner: Runner): Effect =>
  effect(ProcessStart, FAULTS, (intents) =>
    each(intents, ({ payload: { run_id, flow, inputs } }) =>
      runner.start(run_id, flow, inputs) ? done() : notYet("as many runs go on as may: one of them has to end"),
    ),
  );

export const HandlerProcessAnswer = (runner: Runner): Effect =>
  effect(ProcessAnswer, FAULTS, (intents) =>
    each(intents, ({ payload: { run_id, lid, result } }) => {
      runner.answer(run_id, lid, result);
      return done();
    }),
  );

export const HandlerProcessStop = (runner: Runner): Effect =>
  effect(ProcessStop, FAULTS, (intents) =>
    each(intents, async ({ payload: { run_id } }) => {
      await runner.stop(run_id);
      return done();
    }),
  );

export const HandlerProcessForget = (runner: Runner): Effect =>
  effect(ProcessForget, FAULTS, (intents) =>
    each(intents, ({ payload: { run_id } }) => {
      runner.forget(run_id);
      return done();
    }),
  );

const each = <Payload>(
  intents: readonly Intent<Payload>[],
  run: (intent: Intent<Payload>) => Outcome | Promise<Outcome>,
): Promise<readonly Outcome[]> => Promise.all(intents.map(async (intent) => run(intent)));
