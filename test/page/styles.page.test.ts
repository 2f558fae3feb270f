import { afterAll, beforeAll, expect, it } from "vitest";
import { HttpBench } from "../app/registration/http-bench.ts";
import { describePage } from "./describe-page.ts";
import { openPage } from "./page-session.ts";

const PAGES = [
  ["Overview", "/"],
  ["Nodes", "/nodes"],
  ["Contracts", "/contracts"],
  ["Events", "/events"],
  ["Dead letters", "/dead-letters"],
  ["Playground", "/playground"],
] as const;
const NODE = "/nodes/calm-1";
const CLOSED = "main details:not([open])";

/** Tag and classes of each element and its parents -> its style, as far as it does not follow from the content. */
const STYLES = `(() => {
  const properties = ["color", "backgroundColor", "display", "fontSize", "fontWeight", "fontFamily", "maxHeight",
    "maxWidth", "marginTop", "marginBottom", "paddingTop", "paddingLeft", "borderTopWidth", "borderLeftColor",
    "listStyleType", "overflowX", "overflowY", "overflowWrap", "alignItems", "textAlign"];
  const nameOf = (element) => element.tagName + "." + (element.getAttribute("class") ?? "");
  const pathOf = (element) => element.id === "main" ? "main" : pathOf(element.parentElement) + " " + nameOf(element);
  const found = {};
  for (const element of document.querySelectorAll("main *")) {
    const style = getComputedStyle(element);
    const own = properties.map((name) => style[name]);
    found[pathOf(element)] ??= [...own, ...(element.tagName === "INPUT" ? [style.width] : [])].join(" ");
  }
  return found;
})()`;

describePage("the style of a page", (browser) => {
  let bench: HttpBench;
  beforeAll(async () => {
    bench = await HttpBench.open();
    await bench.activeNode("calm-1");
    const { topic = "" } = bench.system.domain.consumed[0] ?? {};
    const message = { topic, partition: 0, key: null, value: Buffer.from("{"), headers: {} };
    await bench.system.bus.publish([message], { timeoutMs: 30_000 });
  });
  afterAll(() => bench?.close());

  it("is the same before and after all other pages were shown, whose style sheets stay loaded", async () => {
    const { page, open, close } = await openPage(browser(), bench.url, "/");
    const styles = async (): Promise<Readonly<Record<string, string>>> => {
      let earlier = "";
      for (;;) {
        const deregister = page.getByRole("button", { name: "Deregister…" });
        if (await deregister.count()) await deregister.click();
        await page.evaluate(`document.querySelectorAll("${CLOSED} > summary").forEach((it) => it.click())`);
        await page.waitForTimeout(500);
        const found = await page.evaluate<Record<string, string>>(STYLES);
        // A drawing may come late: its fold-out, still closed, has another style than when it is open.
        const elements = Object.keys(found).sort().join("\n");
        if (elements === earlier && (await page.locator(CLOSED).count()) === 0) return found;
        earlier = elements;
      }
    };
    const show = async (path: string): Promise<void> => {
      await page.evaluate(`history.pushState(null, "", ${JSON.stringify(path)}); dispatchEvent(new Event("popstate"))`);
      // Until then the page before is still there, and has a heading too.
      await page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))");
      await page.getByRole("heading", { level: 1 }).waitFor();
    };
    const paths = [...PAGES.map(([, path]) => path), NODE];
    const before = new Map<string, Readonly<Record<string, string>>>();
    for (const path of paths) {
      await open(path);
      before.set(path, await styles());
    }
    await open("/");
    for (const [name] of PAGES) {
      await page.getByRole("navigation").getByRole("link", { name, exact: true }).click();
      await page.getByRole("heading", { level: 1, name }).waitFor();
      await page.waitForTimeout(500);
    }
    await show(NODE);
    for (const path of paths) {
      await show(path);
      const after = await styles();
      const alone = before.get(path) ?? {};
      const common = Object.keys(alone).filter((element) => element in after);
      expect(common.length, `elements of ${path}`).toBeGreaterThan(5);
      expect(common.filter((element) => alone[element] !== after[element])).toEqual([]);
    }
    await close();
  });
});
