import { afterAll, beforeAll, expect, it } from "vitest";
import { Troubles } from "../../app/host/troubles/troubles.ts";
import { createHttpServer } from "../../app/http/server/http-server.ts";
import { failing } from "../app/failing-effect.ts";
import { describePage } from "./describe-page.ts";
import { type PageSession, openPage } from "./page-session.ts";
import { openToyDomains, type ToyDomains } from "./registration/toy-domains.ts";

const PATIENCE = { timeout: 60_000 };

describePage("the page, with several domains", (browser) => {
  let toys: ToyDomains;
  let seen: PageSession;
  beforeAll(async () => {
    toys = await openToyDomains();
    await toys.order("books", "o-1");
    await toys.order("books", "o-2");
    seen = await openPage(browser(), toys.bench.url, "/");
  });
  afterAll(async () => {
    await seen?.close();
    await toys?.close();
  });
  const summary = () => seen.page.locator(".domain-switch > summary");
  const row = (id: string) => seen.page.getByRole("row").filter({ hasText: id });

  it("has registration at its addresses of always, and a way to each of the others", async () => {
    const { page } = seen;
    expect(await page.getByRole("link", { name: "Nodes" }).getAttribute("href")).toBe("/nodes");
    await summary().click();
    const item = page.getByRole("list", { name: "Domains" }).getByRole("listitem").filter({ hasText: "books" });
    await item.getByText("TOLD 2").waitFor(PATIENCE);
    await item.getByRole("link").click();
    await page.waitForURL("**/domains/books", PATIENCE);
    await page.getByRole("heading", { name: "Entities by state" }).waitFor(PATIENCE);
    await page.getByRole("rowheader", { name: "OrderPaid" }).waitFor(PATIENCE);
    expect(await page.getByText("introspections").count()).toBe(0);
    expect(seen.problems).toEqual([]);
  });

  it("loads nothing of registration for the pages of another domain", async () => {
    const other = await openPage(browser(), toys.bench.url, "/domains/books");
    await other.page.getByRole("rowheader", { name: "OrderPaid" }).waitFor(PATIENCE);
    const loaded = await other.page.evaluate(() => performance.getEntriesByType("resource").map(({ name }) => name));
    await other.close();
    expect(loaded.filter((name) => name.includes("/generic-parts-"))).toHaveLength(1);
    expect(loaded.filter((name) => name.includes("registration"))).toEqual([]);
  });

  it("leads from a list of entities to one of them, with its machines and what happened to it", async () => {
    const { page } = seen;
    await seen.open("/domains/books");
    await page.getByRole("link", { name: "Entities", exact: true }).click();
    await page.waitForURL("**/domains/books/entities", PATIENCE);
    await row("o-1").waitFor(PATIENCE);
    await page.getByLabel("Part of the id").fill("-2");
    await expect.poll(() => row("o-1").count(), PATIENCE).toBe(0);
    await row("o-2").getByText("settled").waitFor(PATIENCE);
    await row("o-2").getByRole("link").click();
    await page.waitForURL("**/domains/books/entities/o-2", PATIENCE);
    await page.getByRole("heading", { level: 1, name: "o-2 TOLD" }).waitFor(PATIENCE);
    for (const name of ["Orchestrator", "Reducer"])
      await page.getByRole("region", { name }).locator("svg").first().waitFor(PATIENCE);
    await page.getByRole("region", { name: "Status" }).getByText("pickup").first().waitFor(PATIENCE);
    await page.getByRole("region", { name: "Timeline" }).getByText("PlaceOrder").first().waitFor(PATIENCE);
    await page.getByText("Data as JSON").click();
    await page.locator("details", { hasText: "Data as JSON" }).getByText('"amount": 5').waitFor(PATIENCE);
    expect(await page.getByRole("button", { name: "Deregister…" }).count()).toBe(0);
    expect(seen.problems).toEqual([]);
  });

  it("shows what an entity waits for, each try of it, and tries it at once", async () => {
    const { page } = seen;
    const { host } = toys.bench;
    const waits = async (): Promise<void> => {
      await toys.place("books", "o-late");
      await seen.open("/domains/books/entities/o-late");
      const tries = page.getByRole("region", { name: "Status" }).getByRole("listitem");
      await tries.filter({ hasText: /^\S+ BANK_BUSY: down, after/ }).waitFor(PATIENCE);
    };
    await failing(host.system("books"), "card.charge", waits, "BANK_BUSY");
    await page.getByRole("button", { name: "Retry now…" }).click();
    await page.getByLabel("Reason").fill("the bank is back");
    await page.getByRole("button", { name: "Retry pending work" }).click();
    await page.getByRole("heading", { level: 1, name: "o-late TOLD" }).waitFor(PATIENCE);
    expect(seen.problems).toEqual([]);
  });

  it("shows the contracts and events of the domain of its address, and links within it", async () => {
    const { page } = seen;
    await seen.open("/domains/books/contracts");
    await page.getByText("of books,").waitFor(PATIENCE);
    await page.getByRole("button", { name: /^TOLD/ }).first().click();
    await page.waitForURL("**/domains/books/entities?state=TOLD", PATIENCE);
    await row("o-1").waitFor(PATIENCE);
    await seen.open("/domains/books/events");
    await page.getByText("Connected.").waitFor(PATIENCE);
    await toys.order("tools", "t-1");
    await toys.order("books", "o-3");
    await page.getByRole("listitem").filter({ hasText: "OrderPaid" }).click();
    await page.getByRole("link", { name: "o-3" }).waitFor(PATIENCE);
    expect(await page.getByText("t-1").count()).toBe(0);
    expect(seen.problems).toEqual([]);
  });

  it("names a domain that is not served here, with those that are", async () => {
    await seen.open("/domains/bikes/events");
    await seen.page.getByText("The domain bikes is not served by this process").waitFor(PATIENCE);
    await seen.page.getByRole("main").getByRole("link", { name: "tools" }).click();
    await seen.page.getByRole("heading", { level: 1, name: "Overview" }).waitFor(PATIENCE);
    expect(seen.problems).toEqual([]);
  });

  it("tells of a domain that no process serves, on the overview of the others, which fits a telephone", async () => {
    const { host } = toys.bench;
    await host.store.query(
      "insert into rollcall.partition_owner (domain, partition, epoch, owner, next_seq, published_seq, pending_seq, " +
        "served_at) values ('bikes', 0, 1, 'gone', 1, 0, 1, now() - interval '5 minutes')",
    );
    const server = createHttpServer({ ...host, troubles: new Troubles({ systems: host.systems, clock: host.clock }) });
    const viewport = { width: 360, height: 740 };
    const url = await server.listen({ host: "127.0.0.1", port: 0 });
    const { page, problems, open, close } = await openPage(browser(), url, "/", { viewport });
    for (const path of ["/", "/domains/books"]) {
      await open(path);
      await page.getByRole("listitem").filter({ hasText: "bikes: no process serves the domain" }).waitFor(PATIENCE);
      expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
    }
    await close();
    await server.close();
    expect(problems).toEqual([]);
  });

  it("names a domain that fails on every page, and says why once on its own", async () => {
    const { page } = seen;
    await toys.fail("tools");
    await seen.open("/nodes");
    await summary().getByText("failed: tools").waitFor(PATIENCE);
    expect(await page.getByRole("alert").count()).toBe(0);
    await summary().click();
    await page.getByRole("listitem").getByRole("link", { name: "tools" }).click();
    const main = page.getByRole("main");
    const reason = main.getByText("topics that are read together need the same number of partitions");
    await page.getByRole("list", { name: "Troubles" }).getByText("give each of its topics").waitFor(PATIENCE);
    expect(await reason.count()).toBe(1);
    // What is stored of it is still shown.
    await page.getByRole("link", { name: "Entities", exact: true }).click();
    await page.getByRole("alert").getByText("tools is not served at present").waitFor(PATIENCE);
    expect(await reason.count()).toBe(1);
    await row("t-1").waitFor(PATIENCE);
    expect(seen.problems).toEqual([]);
  });
});
