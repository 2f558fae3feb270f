import { on } from "node:events";
import { Worker } from "node:worker_threads";
import { settleWithin } from "../../runtime/ports/settle-within.ts";
import type { ExportedLine } from "../journal/exported-line.ts";
import { COMMAND } from "../built-files.ts";
import type { Module } from "../host/module.ts";
import { checkContracts, type CheckRequest, type ContractCheck, type WorkerMessage } from "./contract-check.ts";

const LINES_PER_MESSAGE = 500;
/** A thread that nobody asks is ended. */
const IDLE_MS = 60_000;
/** In MiB: the entities of the largest partition and a hundred thousand worlds fit, an endless growth does not. */
const MEMORY_MAX_MIB = 1_024;
/** Of an exploration in the thread that serves: a fraction of a second, in which messages wait. */
const STATES_HERE_MAX = 5_000;

/** Another request is in work. */
export class CheckerBusy extends Error {}
/** It took longer than it may; what is done in that time is lost. */
export class CheckTimeout extends Error {}

/**
 * Checks contracts in a thread of its own, one request at a time: what is asked costs seconds of computing, and the
 * process has messages to serve. The thread is begun with the first request.
 */
export class ContractChecker {
  #worker: Worker | undefined;
  #busy = false;
  #idleTimer: NodeJS.Timeout | undefined;

  /**
   * @param journal read, page by page, where a plan is asked for
   * @throws CheckerBusy, CheckTimeout
   */
  check(request: CheckRequest, journal: AsyncIterable<ExportedLine>, timeoutMs: number): Promise<ContractCheck> {
    return this.#alone(() => {
      const worker = (this.#worker ??= this.#startWorker());
      return settleWithin(timeoutMs, runCheck(worker, request, journal), () => {
        throw new CheckTimeout();
      });
    });
  }

  /** As `check`, for a module that no thread can load: in this one, so at most a small exploration. */
  checkHere(
    module: Module,
    request: Omit<CheckRequest, "module">,
    journal: AsyncIterable<ExportedLine>,
    timeoutMs: number,
  ): Promise<ContractCheck> {
    return this.#alone(() => checkContracts([module], request, linesWithin(timeoutMs, journal), STATES_HERE_MAX));
  }

  async #alone(check: () => Promise<ContractCheck>): Promise<ContractCheck> {
    if (this.#busy) throw new CheckerBusy();
    this.#busy = true;
    clearTimeout(this.#idleTimer);
    try {
      return await check();
    } catch (error) {
      this.close();
      throw error;
    } finally {
      this.#busy = false;
      this.#idleTimer = setTimeout(() => this.close(), IDLE_MS).unref();
    }
  }

  close(): void {
    clearTimeout(this.#idleTimer);
    void this.#worker?.terminate();
    this.#worker = undefined;
  }

  #startWorker(): Worker {
    const worker = new Worker(COMMAND, {
      argv: ["contract-check-worker"],
      resourceLimits: { maxOldGenerationSizeMb: MEMORY_MAX_MIB },
    });
    worker.unref();
    // Whoever waits listens too; this one is for a thread that fails while nobody does.
    worker.on("error", () => {});
    worker.on("exit", () => this.#worker === worker && (this.#worker = undefined));
    return worker;
  }
}

async function runCheck(
  worker: Worker,
  request: CheckRequest,
  journal: AsyncIterable<ExportedLine>,
): Promise<ContractCheck> {
  const batches = batchesOf(journal);
  try {
    const messages = on(worker, "message", { close: ["exit"] }) as AsyncIterable<[WorkerMessage]>;
    worker.postMessage(request);
    for await (const [message] of messages) {
      if (message === "lines") worker.postMessage((await batches.next()).value ?? []);
      else if ("result" in message) return message.result;
      else throw new Error(message.failed);
    }
    throw new Error("the contract checker's worker thread ended unexpectedly");
  } finally {
    await batches.return(undefined);
  }
}

async function* linesWithin(timeoutMs: number, lines: AsyncIterable<ExportedLine>): AsyncGenerator<ExportedLine> {
  const endsAtMs = performance.now() + timeoutMs;
  for await (const line of lines) {
    if (performance.now() > endsAtMs) throw new CheckTimeout();
    yield line;
  }
}

async function* batchesOf(journal: AsyncIterable<ExportedLine>): AsyncGenerator<readonly ExportedLine[], undefined> {
  let page: ExportedLine[] = [];
  for await (const line of journal) {
    if (page.push(line) < LINES_PER_MESSAGE) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
  return undefined;
}
