import { afterAll, beforeAll, expect, it } from "vitest";
import { HttpBench } from "../app/registration/http-bench.ts";
import { GuardedSystem, ROLLCALL_API_TOKENS, TOKENS } from "../security/guarded-system.ts";
import { describePage } from "./describe-page.ts";
import { openPage } from "./page-session.ts";

describePage("the documentation pages, where tokens are configured", (browser) => {
  let system: GuardedSystem<HttpBench>;
  let url: string;
  beforeAll(async () => {
    system = new GuardedSystem(await HttpBench.open());
    ({ url } = await system.served({ ROLLCALL_API_TOKENS, ROLLCALL_HTTP_HOST: "0.0.0.0" }));
  });
  afterAll(() => system.close());

  it("open with a token as the password, and their links work", async () => {
    const httpCredentials = { username: "", password: TOKENS.reader };
    const { page, problems, open, close } = await openPage(browser(), url, "/docs", { httpCredentials });
    for (const path of ["/docs", "/docs/api", "/schemas"]) {
      await open(path);
      const styled = await page.evaluate<number>("document.styleSheets.item(0)?.cssRules.length ?? 0");
      expect(styled, `${path} has its style sheet`).toBeGreaterThan(0);
    }
    expect(problems).toEqual([]);
    await page.locator('main a[href^="/schemas/messages/"]').first().click();
    await page.getByText('"$schema"').waitFor();
    await close();
  });

  it.each([
    ["nobody", undefined],
    ["a stranger", { username: "", password: "not-a-token" }],
  ])("are refused to %s with a request for a token", async (_who, httpCredentials) => {
    const context = await browser().newContext(httpCredentials ? { httpCredentials } : {});
    const page = await context.newPage();
    // Chromium shows an error page of its own when its password dialog is not answered.
    const answer = page.waitForResponse(`${url}/docs`);
    await page.goto(`${url}/docs`).catch(() => {});
    const response = await answer;
    expect([response.status(), response.headers()["www-authenticate"]]).toEqual([
      401,
      expect.stringContaining("Basic"),
    ]);
    await context.close();
  });
});
