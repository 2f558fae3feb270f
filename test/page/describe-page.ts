import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, inject, it } from "vitest";

// Chromium's sandbox needs user namespaces, which containers lack, and does not start as root.
// Without subpixel text, screenshots are smaller.
const ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-lcd-text"];

export const launch = (executablePath: string): Promise<Browser> =>
  chromium.launch({ executablePath, args: ARGUMENTS });

/** A suite that needs a browser. Without one it is skipped with a message. */
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
