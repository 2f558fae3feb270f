import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { HttpBench } from "../../app/registration/http-bench.ts";
import { ROOT } from "../../tidy/sources.ts";
import { chromiumPath } from "../chromium.ts";
import { launch } from "../describe-page.ts";
import { openPage } from "../page-session.ts";

// `npm run screenshots` makes the pictures of docs/guide/dashboard.md, of a system that always has the same nodes.
const FOLDER = join(ROOT, "docs/guide/images");
const KIB_MAX = 150;
const PICTURES = [
  ["nodes", "/nodes"],
  ["node", "/nodes/payments-1"],
  ["contracts", "/contracts"],
  ["events", "/events"],
  ["dead-letters", "/dead-letters"],
  ["playground", "/playground"],
  // Last, because its charts need some samples.
  ["overview", "/"],
] as const;
const TEAMS = ["payments", "orders", "search", "mail"];
const TYPES = ["effect", "compute", "reducer", "orchestrator"];

/** Eleven nodes that are ACTIVE, one that waits for its ACK, one that left, and three messages that fail. */
async function populate(bench: HttpBench): Promise<void> {
  for (const [index, team] of TEAMS.entries())
    for (const number of [1, 2, 3])
      await bench.activeNode(`${team}-${number}`, {
        node_type: TYPES[index],
        node_name: `${team} in rack ${number}`,
        capabilities: [`${team}.read`, `${team}.write`],
        endpoints: { api: `http://10.0.${index}.${number}:8080` },
      });
  await bench.publish("NodeDeregister", { node_id: "mail-3", reason: "moved to another rack" });
  await bench.until("mail-3", "DEREGISTERED");
  await bench.publish("NodeIntrospectionEvent", { node_id: "reports-1", node_type: "compute" });
  const { bus, domain } = bench.system;
  const topic = domain.consumed[0]?.topic ?? "";
  const bad = ['{"node_id":"printer 7","node_type":"effect"}', '{"node_id":"edge-1","node_type":"gateway"}', "{"];
  const messages = bad.map((text, partition) => ({
    topic,
    partition,
    key: null,
    value: Buffer.from(text),
    headers: {},
  }));
  await bus.publish(messages, { timeoutMs: 30_000 });
}

async function main(): Promise<void> {
  const executablePath = chromiumPath();
  if (executablePath === undefined) throw new Error("there is no Chromium: set CHROMIUM");
  mkdirSync(FOLDER, { recursive: true });
  const bench = await HttpBench.open();
  const browser = await launch(executablePath);
  try {
    await populate(bench);
    for (const colorScheme of ["light", "dark"] as const) {
      const seen = await openPage(browser, bench.url, "/", { colorScheme, viewport: { width: 1280, height: 800 } });
      for (const [name, path] of PICTURES) {
        await seen.open(path);
        // The events page shows only events that are published after it was opened.
        if (name === "events") await bench.activeNode(`late-${colorScheme}`);
        await bench.say(
          "NodeHeartbeatEvent",
          TEAMS.flatMap((team) => [1, 2, 3].map((number) => `${team}-${number}`)),
        );
        await sleep(1_500);
        const file = join(FOLDER, `${name}-${colorScheme}.png`);
        await seen.page.screenshot({ path: file, animations: "disabled" });
        const kib = Math.round(statSync(file).size / 1024);
        console.log(`${file} ${kib} KiB${kib > KIB_MAX ? `: MORE THAN ${KIB_MAX}` : ""}`);
      }
      await seen.close();
    }
  } finally {
    await browser.close();
    await bench.close();
  }
}

await main();
