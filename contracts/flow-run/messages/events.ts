import { z } from "zod";
import { message } from "../../../runtime/core/message.ts";
import {
  Answer,
  Fid,
  Inputs,
  Lid,
  Name,
  Nth,
  Path,
  Progress,
  Question,
  Result,
  RunError,
  Time,
  Who,
} from "./fields.ts";

const reported = { reported: Nth.describe("the report's number") };

export const RunLaunched = message(
  "RunLaunched",
  { path: Path, name: Name, inputs: Inputs, by: Who, from: Fid.nullable() },
  { description: "A flow is to be run: for the first time, or as a repetition of the run under `from`." },
);
export const RunStarted = message("RunStarted", { ...reported, at: Time }, { description: "It has begun." });
export const RunProgressed = message(
  "RunProgressed",
  { ...reported, progress: Progress },
  { description: "It tells how far it is." },
);
export const RunLogged = message(
  "RunLogged",
  { ...reported, lines: z.array(z.string()) },
  { description: "It has printed something." },
);
export const RunLocked = message(
  "RunLocked",
  { ...reported, lid: Lid, question: Question, expires_at: Time },
  { description: "It waits for a person's answer." },
);
export const AnswerKept = message(
  "AnswerKept",
  { lid: Lid, result: Answer, by: Who },
  { description: "An answer that came before the run has asked: it is given when it asks." },
);
export const LockAnswered = message(
  "LockAnswered",
  { lid: Lid, result: Answer, by: Who },
  { description: "A person has answered." },
);
export const RunResumed = message("RunResumed", {}, { description: "It waits for nobody any more." });
export const RunDone = message(
  "RunDone",
  { ...reported, result: Result, at: Time },
  { description: "It has come to its end." },
);
export const RunFailed = message(
  "RunFailed",
  { reported: Nth.nullable(), error: RunError, at: Time },
  { description: "It has failed, or was ended." },
);
export const RunAcknowledged = message(
  "RunAcknowledged",
  { by: Who },
  { description: "Somebody has seen how it ended." },
);
export const RunDeleted = message("RunDeleted", { by: Who }, { description: "It is listed no more." });
