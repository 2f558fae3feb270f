import { expect, it } from "vitest";
import { TROUBLE_CODES } from "../../app/host/troubles/trouble.ts";
import { filesIn } from "./sources.ts";

it("docs/guide/operate.md has every trouble's code, and no other", () => {
  const guide = filesIn("docs/guide", ".md").find(({ path }) => path.endsWith("operate.md"))?.text ?? "";
  const section = /^### Troubles$([^]*?)^### /m.exec(guide)?.[1] ?? "";
  const rows = [...section.matchAll(/^\| (`[A-Z_`, ]+`) \|/gm)].map(([, codes = ""]) => codes);
  const listed = rows.flatMap((codes) => codes.match(/[A-Z_]{2,}/g) ?? []);
  expect(listed.toSorted()).toEqual(Object.values(TROUBLE_CODES).flat().toSorted());
});
