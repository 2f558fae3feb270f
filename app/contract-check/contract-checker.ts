import { Worker } from "node:worker_threads";
import type { JournalLine } from "../journal/journal-line.ts";
import { COMMAND } from "../built-files.ts";
import type { CheckRequest, CheckResult } from "./check-contracts.ts";
import type { FromWorker, ToWorker } from "./check-worker.ts";

const LINES_MAX = 500;
/** A thread that nobody asks is ended. */
const IDLE_MS = 60_000;
/** In MiB: the largest journal of one node and a hundred thousand worlds fit, an endless growth does not. */
const MEMORY_MAX_MB = 1_024;

/** Another request is in work. */
export class CheckerBusy extends Error {}
/** It took longer than it may; what is done in that time is lost. */
export class CheckTooLong extends Error {}

/**
 * Checks contracts in a thread of its own, one request at a time: what is asked costs seconds of computing, and the
 * process has nodes to serve. The thread is begun with the first request.
 */
export class ContractChecker {
  #worker: Worker | undefined;
  #busy = false;
  #idle: NodeJS.Timeout | undefined;

  /**
   * @param journal read, page by page, where a plan is asked for
   * @throws CheckerBusy, CheckTooLong
   */
  async check(request: CheckRequest, journal: AsyncIterable<JournalLine>, timeoutMs: number): Promise<CheckResult> {
    if (this.#busy) throw new CheckerBusy();
    this.#busy = true;
    clearTimeout(this.#idle);
    const worker = (this.#worker ??= this.#begin());
    try {
      return await answerOf(worker, request, journal, timeoutMs);
    } catch (error) {
      this.#end();
      throw error;
    } finally {
      this.#busy = false;
      this.#idle = setTimeout(() => this.#end(), IDLE_MS).unref();
    }
  }

  close(): void {
    clearTimeout(this.#idle);
    this.#end();
  }

  #begin(): Worker {
    const worker = new Worker(COMMAND, {
      argv: ["check-contracts"],
      resourceLimits: { maxOldGenerationSizeMb: MEMORY_MAX_MB },
    });
    worker.unref();
    // Whoever waits is told by a listener of his own; this one is for a thread that ends while nobody does.
    worker.on("error", () => {});
    worker.on("exit", () => this.#worker === worker && (this.#worker = undefined));
    return worker;
  }

  #end(): void {
    void this.#worker?.terminate();
    this.#worker = undefined;
  }
}

function answerOf(
  worker: Worker,
  request: CheckRequest,
  journal: AsyncIterable<JournalLine>,
  timeoutMs: number,
): Promise<CheckResult> {
  const lines = pagesOf(journal);
  const say = (told: ToWorker): void => worker.postMessage(told);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => done(() => reject(new CheckTooLong())), timeoutMs);
    const onMessage = (said: FromWorker): void => {
      if ("wants" in said)
        lines.next().then(
          ({ value }) => say({ lines: value ?? [] }),
          (error: unknown) => done(() => reject(error)),
        );
      else if ("result" in said) done(() => resolve(said.result as CheckResult));
      else done(() => reject(new Error(said.failed)));
    };
    const onEnd = (error: unknown): void =>
      done(() => reject(error instanceof Error ? error : new Error("the thread that checks contracts has ended")));
    const done = (then: () => void): void => {
      clearTimeout(timer);
      worker.off("message", onMessage).off("error", onEnd).off("exit", onEnd);
      void lines.return(undefined);
      then();
    };
    worker.on("message", onMessage).on("error", onEnd).on("exit", onEnd);
    say({ request });
  });
}

async function* pagesOf(journal: AsyncIterable<JournalLine>): AsyncGenerator<readonly JournalLine[], undefined> {
  let page: JournalLine[] = [];
  for await (const line of journal) {
    if (page.push(line) < LINES_MAX) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
  return undefined;
}
