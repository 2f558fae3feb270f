import { z } from "zod";
import type { DomainCode } from "../../runtime/core/domain.ts";
import { done, type Effect, effect } from "../../runtime/core/effect.ts";
import { intent } from "../../runtime/core/intent.ts";
import { message, raised } from "../../runtime/core/message.ts";
import { reducer } from "../../runtime/core/reducer.ts";

/** A domain whose entities run once: its contracts are in `runs/`. */
export const runsFolder = new URL("./runs", import.meta.url).pathname;

const DeskReserved = message("DeskReserved", {});
export const DeskReserve = intent("desk.reserve", { run_id: z.string() });
export const DeskRelease = intent("desk.release", { run_id: z.string() });

/** @param effects others than those that do nothing and succeed */
export const runsCode = (effects: Readonly<Record<string, Effect>> = {}): DomainCode => ({
  domain: "runs",
  messages: [
    ...["StartRun", "AnswerRun", "CancelRun"].map((type) => message(type, { run_id: z.string() })),
    ...["RunStarted", "RunWaits", "RunDone", "RunFailed"].map((type) => message(type, {})),
    ...["DeskIsReady", "DeskIsTaken"].map(raised),
    DeskReserved,
  ],
  handlers: {},
  reducer: reducer(
    z.object({}),
    {},
    {
      emit_reserve: (_, { entity }) => DeskReserve.of({ run_id: entity.id }),
      emit_release: (_, { entity }) => DeskRelease.of({ run_id: entity.id }),
    },
  ),
  intents: [DeskReserve, DeskRelease],
  effects: {
    HandlerDeskReserve: effect(DeskReserve, ["DESK_TAKEN"], async (all) => all.map(() => done(DeskReserved.of({})))),
    HandlerDeskRelease: effect(DeskRelease, [], async (all) => all.map(() => done())),
    ...effects,
  },
});
