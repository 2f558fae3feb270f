import { afterAll, beforeAll, expect, it } from "vitest";
import { HttpBench } from "../app/registration/http-bench.ts";
import { describePage } from "./describe-page.ts";
import { type PageSession, openPage } from "./page-session.ts";

const PATIENCE = { timeout: 60_000 };

describePage("the playground", (browser) => {
  let bench: HttpBench;
  let seen: PageSession;
  beforeAll(async () => {
    bench = await HttpBench.open();
    seen = await openPage(browser(), bench.url, "/playground");
  });
  afterAll(async () => {
    await seen?.close();
    await bench?.close();
  });

  it("shows the line of an error in an edited contract, and no problems when it is corrected", async () => {
    const { page } = seen;
    await page.getByText("No problems.").waitFor(PATIENCE);
    await page.getByRole("button", { name: "orchestrator.yaml" }).click();
    const line = page.getByText("max_clock_skew: 5s");
    await line.click();
    await page.keyboard.press("End");
    await page.keyboard.type("ec");
    await page.getByText(/^orchestrator\.yaml:9:\d+$/).waitFor(PATIENCE);
    await page.getByText("error RC008").first().waitFor(PATIENCE);
    await page.keyboard.press("Backspace");
    await page.keyboard.press("Backspace");
    await page.getByText("No problems.").waitFor(PATIENCE);
    // Edits change nothing that runs.
    expect((await bench.ask("/health/ready")).status).toBe(200);
    expect(seen.problems).toEqual([]);
  });
});
