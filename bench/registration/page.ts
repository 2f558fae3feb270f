import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { Page } from "playwright-core";
import { contractsCopy, deadlinesOf } from "../../test/blackbox/registration/contracts-copy.ts";
import { startProgram } from "../../test/blackbox/program.ts";
import { chromiumPath } from "../../test/page/chromium.ts";
import { launch } from "../../test/page/describe-page.ts";
import { latencyOf } from "../measure.ts";
import { longest, opened, rounded, WATCH } from "../page-opened.ts";
import { streamLatency } from "../page-streams.ts";
import { seedNodes } from "./page-seed.ts";

const HELP = `npm run bench:page -- [options]
The page on an embedded system, looked at with Chromium:
  open      bytes over the wire of the first page, and when it was drawn
  list      so many nodes listed, filtered and scrolled: the longest task of the page's thread
  appear    from an introspection until the node is on the page
  streams   latency of events for one reader, and beside 500 of which 100 never read
  --nodes N    so many (default 100000)
  --json FILE  write the figures as JSON too
`;
const { values: options } = parseArgs({
  options: { nodes: { type: "string", default: "100000" }, json: { type: "string" }, help: { type: "boolean" } },
});

/** The least that a node says. */
const introspectionOf = (node_id: string): object => ({
  payload_type: "NodeIntrospectionEvent",
  payload: { node_id, node_type: "effect" },
});

type Figures = Readonly<Record<string, number>>;
const APPEARANCES = 20;

async function main(): Promise<void> {
  const executablePath = chromiumPath();
  if (executablePath === undefined)
    throw new Error("there is no Chromium: set CHROMIUM, or install the package chromium");
  const folder = mkdtempSync(join(tmpdir(), "rollcall-bench-page-"));
  // Longer than this takes: no node expires.
  const contracts = contractsCopy(...deadlinesOf("1h", "2h"));
  const start = () =>
    startProgram({
      environment: { ROLLCALL_DATA_DIR: folder, ROLLCALL_HTTP_RATE_MAX: "100000" },
      contractsDir: contracts.dir,
    });
  const browser = await launch(executablePath);
  try {
    await seedNodes(start, folder, Number(options.nodes));
    const program = await start();
    try {
      const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
      await page.addInitScript(WATCH);
      const found: Record<string, Figures> = {};
      found["open"] = await opened(page, program.url);
      found["list"] = await listed(page, program.url);
      found["appear"] = await appeared(page, program.url);
      await page.close();
      found["streams"] = await streamLatency(program.url, introspectionOf);
      for (const [name, figures] of Object.entries(found)) {
        console.log(name);
        console.table(figures);
      }
      console.log(JSON.stringify(found));
      if (options.json) writeFileSync(options.json, `${JSON.stringify(found, undefined, 2)}\n`);
    } finally {
      await program.stop();
    }
  } finally {
    await browser.close();
    contracts.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function listed(page: Page, url: string): Promise<Figures> {
  await page.goto(`${url}/nodes`);
  const grid = page.getByRole("grid", { name: "Nodes" });
  await grid
    .getByText(/^bench-/)
    .first()
    .waitFor();
  const openMs = await longest(page);
  await grid.hover();
  for (let turns = 0; turns < 60; turns++) {
    await page.mouse.wheel(0, 600);
    await sleep(16);
  }
  await grid.focus();
  for (const key of ["End", "PageUp", "PageUp", "Home", "End", "Home"]) {
    await page.keyboard.press(key);
    await sleep(300);
  }
  const scrollMs = await longest(page);
  const startedMs = performance.now();
  await page.getByLabel("Id or name").fill("bench-4242");
  await page.getByText(/\bmatch\b/).waitFor();
  const filteredMs = performance.now() - startedMs;
  await page.getByLabel("Id or name").fill("");
  await sleep(1_000);
  return {
    open_longest_task_ms: openMs,
    scroll_longest_task_ms: scrollMs,
    filter_ms: rounded(filteredMs),
    filter_longest_task_ms: await longest(page),
  };
}

/** In the list of all of them, where its id is among the first; and where a search is on, which looks at every node. */
async function appeared(page: Page, url: string): Promise<Figures> {
  await page.goto(`${url}/nodes`);
  await page.getByText(/[\d,]+, live/).waitFor();
  const all = await appearances(page, url, "0-new");
  await page.goto(`${url}/nodes?q=fresh-`);
  await page.getByText("No nodes match").waitFor();
  const searched = await appearances(page, url, "fresh");
  return {
    appear_p50_ms: all.p50,
    appear_p99_ms: all.p99,
    searched_p50_ms: searched.p50,
    searched_p99_ms: searched.p99,
  };
}

async function appearances(
  page: Page,
  url: string,
  name: string,
): Promise<{ readonly p50: number; readonly p99: number }> {
  const samples: number[] = [];
  for (let count = 0; count < APPEARANCES; count++) {
    const node_id = `${name}-${count}`;
    const startedMs = performance.now();
    const body = JSON.stringify(introspectionOf(node_id));
    await fetch(`${url}/api/v1/events`, { method: "POST", headers: { "content-type": "application/json" }, body });
    await page.getByRole("link", { name: node_id, exact: true }).waitFor();
    samples.push(performance.now() - startedMs);
    await sleep(200);
  }
  return latencyOf(samples);
}

if (options.help) process.stdout.write(HELP);
else await main();
