import { z } from "zod";
import { message } from "../../../runtime/core/message.ts";
import { Answer, Fid, Inputs, Lid, Name, Path, Who } from "./fields.ts";

/** What the node's list of flows says of the one that is asked for. */
const Offered = z.enum(["runnable", "listed", "unknown"]).meta({ examples: ["runnable", "listed", "unknown"] });

const by = Who.describe("who asks for it");

export const LaunchRun = message(
  "LaunchRun",
  { fid: Fid, path: Path, name: Name, inputs: Inputs, by, offered: Offered },
  { description: "A flow is to be run." },
);
export const RestartRun = message(
  "RestartRun",
  {
    fid: Fid,
    from: Fid.describe("the run that is repeated"),
    path: Path,
    name: Name,
    inputs: Inputs,
    by,
    offered: Offered,
  },
  { description: "A run that has ended is repeated: a new one, with the same inputs." },
);
export const AnswerLock = message(
  "AnswerLock",
  { fid: Fid, lid: Lid, result: Answer, by },
  { description: "A person answers what a run asks, or will ask." },
);
export const KillRun = message(
  "KillRun",
  { fid: Fid, by },
  { description: "A run is ended, with all that it started." },
);
export const AcknowledgeRun = message(
  "AcknowledgeRun",
  { fid: Fid, by },
  { description: "Somebody has seen how it ended." },
);
export const DeleteRun = message(
  "DeleteRun",
  { fid: Fid, by },
  { description: "A run that has ended is listed no more." },
);
