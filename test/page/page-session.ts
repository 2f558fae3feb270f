import type { Browser, BrowserContextOptions, Page } from "playwright-core";

/** An open page, and what it did wrong. */
export interface PageSession {
  readonly page: Page;
  /** Dialogs, errors on the console, violations of the CSP, requests to anything but our own server. */
  readonly problems: string[];
  /** Loads another path, like a link from elsewhere. */
  open(path: string): Promise<void>;
  close(): Promise<void>;
}

export async function openPage(
  browser: Browser,
  url: string,
  path: string,
  options: BrowserContextOptions = {},
): Promise<PageSession> {
  const context = await browser.newContext({ locale: "en-GB", timezoneId: "UTC", ...options });
  const page = await context.newPage();
  const problems: string[] = [];
  page.on("dialog", (dialog) => {
    problems.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("pageerror", (error) => problems.push(`error: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(`console: ${message.text()} ${message.location().url}`);
  });
  // Also requests that the Content-Security-Policy would block.
  page.on("request", (request) => {
    const { protocol, origin } = new URL(request.url());
    if (origin !== new URL(url).origin && protocol !== "data:") problems.push(`request: ${request.url()}`);
  });
  await page.addInitScript(
    `addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => console.error("CSP " + ` +
      `violatedDirective + " " + blockedURI))`,
  );
  const open = async (to: string): Promise<void> => {
    await page.goto(new URL(to, url).href);
    await page.getByRole("heading", { level: 1 }).waitFor();
  };
  await open(path);
  return { page, problems, open, close: () => context.close() };
}
