import { z } from "zod";
import { message } from "../../../runtime/core/message.ts";
import { Fid, Lid, Nth, Progress, Question, Result, RunError, Time } from "./fields.ts";

// What the node that runs a flow says of it. Each has a number that rises, so that a repeat changes nothing.
const of = { fid: Fid, nth: Nth };

export const ReportStart = message("ReportStart", { ...of, at: Time }, { description: "The run has begun." });
export const ReportProgress = message(
  "ReportProgress",
  { ...of, progress: Progress },
  { description: "How far it is." },
);
export const ReportLog = message(
  "ReportLog",
  { ...of, lines: z.array(z.string().max(2_100)).min(1).max(200) },
  { description: "What it has printed." },
);
export const ReportLock = message(
  "ReportLock",
  { ...of, lid: Lid, question: Question, expires_at: Time.describe("until when an answer counts") },
  { description: "It asks a person, and waits." },
);
export const ReportResult = message(
  "ReportResult",
  { ...of, result: Result, at: Time },
  { description: "It has come to its end." },
);
export const ReportError = message(
  "ReportError",
  { ...of, error: RunError, at: Time },
  { description: "It has failed." },
);
