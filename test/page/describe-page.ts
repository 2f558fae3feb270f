import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, inject, it } from "vitest";

/** In containers Chromium's sandbox has no user namespaces, and as root it refuses to start with it. */
// Letters in shades of grey: pictures of them are smaller.
const ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-lcd-text"];

export const launch = (executablePath: string): Promise<Browser> =>
  chromium.launch({ executablePath, args: ARGUMENTS });

/** A suite that looks at the page with a browser. Without one it is skipped, and says so. */
export function describePage(name: string, suite: (browser: () => Browser) => void): void {
  const executablePath = inject("chromium");
  if (executablePath === null) {
    console.error(`!!! SKIPPED: ${name}: no Chromium (set CHROMIUM, or install the package chromium)`);
    describe.skip(name, () => it("needs Chromium", () => {}));
    return;
  }
  describe(name, () => {
    let browser: Browser | undefined;
    beforeAll(async () => void (browser = await launch(executablePath)));
    afterAll(() => browser?.close());
    suite(() => browser as Browser);
  });
}
