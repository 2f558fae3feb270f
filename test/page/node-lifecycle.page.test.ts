import { afterAll, beforeAll, expect, it } from "vitest";
import { describePage } from "./describe-page.ts";
import { tabTo } from "./keyboard.ts";
import { type PageSystem, startPageSystem } from "./registration/page-system.ts";
import { type PageSession, openPage } from "./page-session.ts";

const PATIENCE = { timeout: 60_000 };

describePage("the page, while nodes come and go", (browser) => {
  let system: PageSystem;
  let seen: PageSession;
  beforeAll(async () => {
    system = await startPageSystem("30s", "4s");
    seen = await openPage(browser(), system.url, "/nodes");
  });
  afterAll(async () => {
    await seen?.close();
    await system?.close();
  });
  const row = (id: string) => seen.page.getByRole("row").filter({ hasText: id });

  it("shows a node soon after its introspection, then ACTIVE and expired, without a reload", async () => {
    const { page } = seen;
    await page.evaluate("globalThis.wasHere = true");
    const node = system.node("walker-1", { node_name: "The first walker" });
    const startedMs = performance.now();
    await node.introspect();
    await row("walker-1").waitFor(PATIENCE);
    console.log(`a node was on the page ${Math.round(performance.now() - startedMs)} ms after its introspection`);
    await row("walker-1")
      .getByText(/^(PENDING_REGISTRATION|ACCEPTED|AWAITING_ACK)$/)
      .waitFor(PATIENCE);
    await node.answerAcceptance();
    await row("walker-1").getByText("ACTIVE", { exact: true }).waitFor(PATIENCE);
    await row("walker-1").getByText("The first walker").waitFor(PATIENCE);
    // Silent from now on.
    await row("walker-1").getByText("LIVENESS_EXPIRED", { exact: true }).waitFor(PATIENCE);
    expect(await page.evaluate("globalThis.wasHere")).toBe(true);
    expect(seen.problems).toEqual([]);
  });

  it("filters nodes by the typed text, keeps it in the address, and says when none match", async () => {
    const { page } = seen;
    await system.node("finder-1").introspect();
    await row("finder-1").waitFor(PATIENCE);
    await page.getByLabel("Id or name").fill("finder");
    await expect.poll(() => row("walker-1").count(), PATIENCE).toBe(0);
    await row("finder-1").waitFor(PATIENCE);
    expect(new URL(page.url()).searchParams.get("q")).toBe("finder");
    await page.getByLabel("Id or name").fill("nobody-of-this-name");
    await page.getByText("No nodes match").waitFor(PATIENCE);
    await page.getByRole("link", { name: "show all" }).click();
    await row("walker-1").waitFor(PATIENCE);
    expect(seen.problems).toEqual([]);
  });

  it("goes from the list to a node and back with the keyboard alone", async () => {
    const { page } = seen;
    await seen.open("/nodes?q=walker-1");
    await row("walker-1").waitFor(PATIENCE);
    await tabTo(seen, (name) => name === "Nodes", "grid");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/nodes/walker-1", PATIENCE);
    await page.goBack();
    await row("walker-1").waitFor(PATIENCE);
  });

  it.each([
    ["/", "link", /^Nodes$/],
    ["/nodes", "searchbox", /^Id or name/],
    ["/contracts", "button", /orchestrator\.yaml/],
  ])("%s has its main action within reach of Tab", async (path, role, name) => {
    await seen.open(path);
    await seen.page
      .getByRole(role as "link", { name })
      .first()
      .waitFor(PATIENCE);
    await tabTo(seen, (found) => name.test(found), role);
  });
});
