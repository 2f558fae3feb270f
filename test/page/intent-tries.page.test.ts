import { afterAll, beforeAll, expect, it } from "vitest";
import { failing } from "../app/failing-effect.ts";
import { HttpBench, lasting } from "../app/registration/http-bench.ts";
import { describePage } from "./describe-page.ts";
import { openPage } from "./page-session.ts";

describePage("a node whose backend failed", (browser) => {
  let bench: HttpBench;
  beforeAll(async () => void (bench = await HttpBench.open(lasting)));
  afterAll(() => bench.close());

  it("shows each try of a pending intent, and keeps the tries in the timeline when it is done", async () => {
    await failing(bench.system, "consul.register", async () => {
      await bench.publish("NodeIntrospectionEvent", { node_id: "waits-1", node_type: "effect" });
      const state = async () => (await bench.ask("/api/v1/registrations/waits-1")).body["reducer_state"];
      await expect.poll(state, { timeout: 30_000 }).toBe("partial");
    });
    const { page, problems, close } = await openPage(browser(), bench.url, "/nodes/waits-1");
    const status = page.getByRole("region", { name: "Status" });
    await status
      .getByRole("listitem")
      .filter({ hasText: /^\S+ UNAVAILABLE: down, after/ })
      .waitFor();
    expect(bench.system.runtime.retryNow("waits-1")).toBe(1);
    const timeline = page.getByRole("region", { name: "Timeline" });
    await timeline.getByText("done after 1 failed tries").first().waitFor();
    const tries = timeline.locator(".tries li");
    await expect
      .poll(() => tries.allTextContents(), { timeout: 30_000 })
      .toEqual([expect.stringMatching(/UNAVAILABLE: down, after \d/), expect.stringMatching(/done, after \d/)]);
    expect(problems).toEqual([]);
    await close();
  });
});
