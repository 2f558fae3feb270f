import { once } from "node:events";
import { parentPort } from "node:worker_threads";
import type { JournalLine } from "../journal/journal-line.ts";
import { checkContracts, type CheckRequest } from "./check-contracts.ts";

/** What the thread says: it wants more lines of the journal, or it is done. */
export type FromWorker = { readonly wants: "lines" } | { readonly result: unknown } | { readonly failed: string };
/** What it is told: what to check, or the lines it asked for; none: there are no more. */
export type ToWorker = { readonly request: CheckRequest } | { readonly lines: readonly JournalLine[] };

/** One request after the other, until the thread is ended. */
export async function workAsChecker(): Promise<void> {
  const port = parentPort;
  if (!port) throw new Error("this runs in a thread of the server");
  const say = (said: FromWorker): void => port.postMessage(said);
  const heard = async (): Promise<ToWorker> => ((await once(port, "message")) as [ToWorker])[0];
  async function* journal(): AsyncGenerator<JournalLine> {
    for (;;) {
      const answer = heard();
      say({ wants: "lines" });
      const told = await answer;
      if (!("lines" in told) || told.lines.length === 0) return;
      yield* told.lines;
    }
  }
  for (;;) {
    const told = await heard();
    if (!("request" in told)) continue;
    try {
      say({ result: await checkContracts(told.request, journal()) });
    } catch (error) {
      say({ failed: error instanceof Error ? error.message : String(error) });
    }
  }
}
