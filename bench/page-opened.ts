import { setTimeout as sleep } from "node:timers/promises";
import type { Page } from "playwright-core";

/** Keeps the length of every task over 50 ms, which is what browsers call long. */
export const WATCH = `globalThis.longTasks = [];
const lengths = (list) => list.getEntries().map(({ duration }) => duration);
new PerformanceObserver((list) => longTasks.push(...lengths(list))).observe({ type: "longtask", buffered: true });`;

export const longest = async (page: Page): Promise<number> =>
  Number(await page.evaluate("Math.max(0, ...longTasks.splice(0))"));

export async function opened(page: Page, url: string): Promise<Readonly<Record<string, number>>> {
  const network = await page.context().newCDPSession(page);
  let bytes = 0;
  network.on("Network.loadingFinished", ({ encodedDataLength }) => void (bytes += encodedDataLength));
  await network.send("Network.enable");
  const startedMs = performance.now();
  await page.goto(url);
  await page.getByRole("heading", { level: 1 }).waitFor();
  const shownMs = performance.now() - startedMs;
  await sleep(1_000);
  const drawnMs = Number(
    await page.evaluate(`performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? -1`),
  );
  const files = Number(
    await page.evaluate(
      `performance.getEntriesByType("resource").filter(({ name }) => name.includes("/assets/")).length`,
    ),
  );
  return {
    wire_kb: rounded(bytes / 1_000),
    files,
    first_paint_ms: rounded(drawnMs),
    heading_ms: rounded(shownMs),
    longest_task_ms: await longest(page),
  };
}

export const rounded = (value: number): number => Math.round(value * 10) / 10;
