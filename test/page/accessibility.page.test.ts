import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describePage } from "./describe-page.ts";
import { type PageSession, openPage } from "./page-session.ts";
import { openToyDomains, type ToyDomains } from "./registration/toy-domains.ts";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PAGES = [
  "/",
  "/nodes",
  "/nodes/calm-1",
  "/contracts",
  "/events",
  "/dead-letters",
  "/playground",
  "/docs",
  "/docs/api",
  "/schemas",
  "/domains/books",
  "/domains/books/entities",
  "/domains/books/entities/o-1",
  "/domains/books/contracts",
  "/domains/books/events",
  "/domains/books/dead-letters",
  "/domains/books/playground",
  "/domains/tools",
  "/domains/bikes",
] as const;
const VIEWS = [
  { name: "light", colorScheme: "light", viewport: { width: 1280, height: 800 } },
  { name: "dark, on a phone", colorScheme: "dark", viewport: { width: 360, height: 640 } },
] as const;

describePage("the accessibility of the page", (browser) => {
  let toys: ToyDomains;
  beforeAll(async () => {
    toys = await openToyDomains();
    const { bench } = toys;
    await bench.activeNode("calm-1", { node_name: "Calm", capabilities: ["calm.down"] });
    await bench.publish("NodeIntrospectionEvent", { node_id: "calm-2", node_type: "compute" });
    const { topic = "" } = bench.system.domain.consumed[0] ?? {};
    const message = { topic, partition: 0, key: Buffer.from("calm-3"), value: Buffer.from("{"), headers: {} };
    await bench.system.bus.publish([message], { timeoutMs: 30_000 });
    await toys.order("books", "o-1");
    await toys.fail("tools");
  });
  afterAll(() => toys?.close());

  describe.each(VIEWS)("in $name", (view) => {
    let seen: PageSession;
    beforeAll(async () => void (seen = await openPage(browser(), toys.bench.url, "/", view)));
    afterAll(() => seen?.close());

    it.each(PAGES)("%s has no violation that axe finds, no horizontal scrolling and no errors", async (path) => {
      await seen.open(path);
      await seen.page.waitForTimeout(500);
      // What the list of domains unfolds to covers a part of the page, so it is looked at on one page only.
      if (path === "/domains/books") await seen.page.locator(".domain-switch > summary").click();
      // Evaluated, not added as an element: the Content-Security-Policy would stop that.
      await seen.page.evaluate(AXE);
      const found = (await seen.page.evaluate(`axe.run(document, { resultTypes: ["violations"] })`)) as AxeReport;
      const violations = found.violations.flatMap(({ id, nodes }) =>
        nodes.map(({ target, failureSummary }) => `${id}: ${target.join(" ")}: ${failureSummary}`),
      );
      expect(violations).toEqual([]);
      expect(await seen.page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
      // The test's own modules come from no file, so the thread that checks contracts can't load them.
      const unchecked = /status of 503 .*\/domains\/books\/contracts\/check$/;
      expect(seen.problems.filter((line) => !unchecked.test(line))).toEqual([]);
    });
  });
});

interface AxeReport {
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { readonly target: readonly string[]; readonly failureSummary: string }[];
  }[];
}
