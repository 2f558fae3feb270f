import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { PROMISES } from "./promises.ts";

const document = readFileSync(new URL("../../docs/reliability.md", import.meta.url), "utf8");
const [promised = "", restsOn = ""] = document.split("## What each promise rests on");
const idsIn = (text: string): readonly string[] => [...text.matchAll(/^\| (G\d+) \|/gm)].map(([, id = ""]) => id);

it("are the promises of docs/reliability.md, each of them judged or checked elsewhere", () => {
  expect(idsIn(promised)).toEqual(Object.keys(PROMISES));
  expect(idsIn(restsOn)).toEqual(Object.keys(PROMISES));
  for (const promise of Object.values(PROMISES)) expect(promise.judged || "elsewhere" in promise).toBe(true);
});
