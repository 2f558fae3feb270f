import { z } from "zod";
import { intent } from "../../runtime/core/intent.ts";

const run_id = z.string();

/** Intents of one run have one target, so they are carried out in the order in which they were asked for. */
export const ProcessStart = intent("process.start", { run_id, flow: z.string(), inputs: z.json() });
/** A person's answer to what the run has asked. */
export const ProcessAnswer = intent("process.answer", { run_id, lid: z.string(), result: z.json() });
/** The run is over: nothing that it has started lives on. */
export const ProcessStop = intent("process.stop", { run_id });
/** Nobody asks for the run any more. */
export const ProcessForget = intent("process.forget", { run_id });
