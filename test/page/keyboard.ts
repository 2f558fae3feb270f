import type { PageSession } from "./page-session.ts";

/** Presses Tab until the wanted element has the focus. @throws after 80 presses */
export async function tabTo({ page }: PageSession, isMeant: (name: string) => boolean, role: string): Promise<void> {
  const met: string[] = [];
  for (let presses = 0; presses < 80; presses++) {
    await page.keyboard.press("Tab");
    const [found = "", name = ""] = (await page.evaluate(FOCUSED)) as string[];
    met.push(`${found} ${name}`);
    if (found === role && isMeant(name)) return;
  }
  throw new Error(`Tab never led to the ${role}; it met ${met.join(", ")}`);
}

/** Role and name of the element with the focus, for the roles that these tests use. */
const FOCUSED = `(() => {
  let element = document.activeElement;
  // The editor's text is in a shadow root.
  while (element.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
  const roles = { A: "link", BUTTON: "button", SELECT: "combobox", TEXTAREA: "textbox", SUMMARY: "button" };
  const input = element.type === "search" ? "searchbox" : "textbox";
  const own = element.tagName === "INPUT" ? input : roles[element.tagName];
  const role = element.getAttribute("role") ?? own ?? element.tagName;
  const name = element.getAttribute("aria-label") ?? element.labels?.[0]?.textContent ?? element.textContent ?? "";
  return [role, name.trim().slice(0, 80)];
})()`;
