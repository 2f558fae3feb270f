import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Means, Runnable } from "../../effects/process/runnable.ts";
import type { NumberedNews, RunNews } from "../../effects/process/run-news.ts";
import { Runner } from "../../effects/process/runner.ts";
import type { Json } from "../../runtime/core/message.ts";

export const program = (...argv: readonly [string, ...string[]]): Means => ({
  kind: "process",
  ...{ argv, cwd: tmpdir(), env: {} },
});
export const shell = (text: string): Means => program("/bin/sh", "-c", text);
export const node = (text: string): Means => program(process.execPath, "--input-type=commonjs", "--eval", text);

export type Told = NumberedNews & { readonly news: RunNews };

/** A runner with somebody who hears all news. */
export class HeardRunner {
  readonly folder = mkdtempSync(join(tmpdir(), "rollcall-runner-"));
  readonly told: Told[] = [];
  readonly #flows: ReadonlyMap<string, Runnable>;
  readonly #concurrency: number;
  #abort = new AbortController();
  #hearing: Promise<void> = Promise.resolve();
  runner!: Runner;

  constructor(flows: Readonly<Record<string, Means>>, { timeoutMs = 60_000, concurrency = 8 } = {}) {
    this.#flows = new Map(Object.entries(flows).map(([path, means]) => [path, { means, timeoutMs }]));
    this.#concurrency = concurrency;
  }

  /** As after a start of the node. */
  async open(): Promise<this> {
    this.runner = new Runner({ folder: this.folder, flows: this.#flows, concurrency: this.#concurrency, graceMs: 300 });
    this.#abort = new AbortController();
    await this.runner.prepare();
    this.#hearing = this.#hear(this.runner, this.#abort.signal);
    return this;
  }

  async #hear(runner: Runner, signal: AbortSignal): Promise<void> {
    while (!signal.aborted)
      for (const news of await runner.nextNews(signal)) {
        this.told.push(news);
        runner.told(news, true);
      }
  }

  newsOf(runId: string): readonly RunNews[] {
    return this.told.filter((each) => each.runId === runId).map(({ news }) => news);
  }

  async until(runId: string, kind: RunNews["kind"]): Promise<RunNews> {
    for (let looks = 0; looks < 2_000; looks++) {
      const found = this.newsOf(runId).find((news) => news.kind === kind);
      if (found) return found;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`${runId} tells nothing of ${kind}: ${JSON.stringify(this.newsOf(runId)).slice(0, 2_000)}`);
  }

  /** How it ended. */
  async run(flow: string, { id = flow, inputs = {} as Json } = {}): Promise<RunNews> {
    this.runner.start(id, flow, inputs);
    return this.end(id);
  }

  async end(id: string): Promise<RunNews> {
    for (let looks = 0; looks < 4_000; looks++) {
      const found = this.newsOf(id).find(({ kind }) => kind === "done" || kind === "failed");
      if (found) return found;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`${id} does not end: ${JSON.stringify(this.newsOf(id)).slice(0, 2_000)}`);
  }

  async close(): Promise<void> {
    await this.runner.close();
    this.#abort.abort();
    await this.#hearing;
    rmSync(this.folder, { recursive: true, force: true });
  }
}
