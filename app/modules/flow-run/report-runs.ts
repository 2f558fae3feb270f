import type { Runner } from "../../../effects/process/runner.ts";
import type { NumberedNews, RunNews } from "../../../effects/process/run-news.ts";
import { DecodeError } from "../../../runtime/core/incoming-json.ts";
import type { Json, Payload } from "../../../runtime/core/message.ts";
import { toRfc3339 } from "../../../runtime/core/time.ts";
import type { Job, JobContext } from "../../host/module.ts";

interface Own {
  readonly runner: Runner;
}
type Context = JobContext<object, Own>;

const RETRY_MS = 1_000;
const PAGE = 1_000;
const GOES_ON = ["PENDING", "LOCKED"];

/** Tells the domain what runs say. First of all it looks which runs a crash of the node has cut. */
export const reportRuns: Job<object, Own> = {
  name: "report_runs",
  every: "always",
  async run(context) {
    const { runner } = context.backends;
    await runner.prepare();
    await loseCutRuns(context);
    while (!context.signal.aborted) {
      const news = await runner.nextNews(context.signal);
      const isTold = await Promise.all(news.map((each) => tell(context, each)));
      if (isTold.includes(false)) await pause(RETRY_MS, context.signal);
    }
  },
};

/** Runs that go on as far as the store knows, that were begun, and whose processes are not here. */
async function loseCutRuns({ backends: { runner }, read, signal }: Context): Promise<void> {
  for (let after = ""; !signal.aborted;) {
    const page = await read({ after, limit: PAGE });
    for (const { id, state } of page) if (GOES_ON.includes(state ?? "") && runner.isLost(id)) runner.lose(id);
    if (page.length < PAGE) return;
    after = page.at(-1)?.id ?? "";
  }
}

async function tell({ backends: { runner }, publish }: Context, news: NumberedNews): Promise<boolean> {
  const { type, payload } = messageOf(news);
  try {
    await publish(type, payload);
    runner.told(news, true);
    return true;
  } catch (error) {
    // What the domain does not take is left out, but for the end of a run.
    const isWrong = error instanceof DecodeError;
    if (isWrong) runner.refused(news, error.message);
    else runner.told(news, false);
    return isWrong;
  }
}

function messageOf({ runId: fid, nth, news }: NumberedNews): { readonly type: string; readonly payload: Payload } {
  const [type, more] = reportOf(news);
  return { type, payload: { fid, nth, ...more } };
}

function reportOf(news: RunNews): readonly [type: string, more: Readonly<Record<string, Json>>] {
  switch (news.kind) {
    case "started":
      return ["ReportStart", { at: toRfc3339(news.at) }];
    case "progressed":
      return ["ReportProgress", { progress: news.progress }];
    case "logged":
      return ["ReportLog", { lines: news.lines }];
    case "locked":
      return ["ReportLock", { lid: news.lid, question: news.question, expires_at: toRfc3339(news.expiresAt) }];
    case "done":
      return ["ReportResult", { result: news.result, at: toRfc3339(news.at) }];
    case "failed":
      return ["ReportError", { error: { code: news.code, message: news.message }, at: toRfc3339(news.at) }];
  }
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
