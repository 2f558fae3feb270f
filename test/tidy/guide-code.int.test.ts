import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { blocksOf, fileOfBlock } from "./guide-blocks.ts";
import { changeFile } from "./guide-changes.ts";
import { compileErrors, copyOfTheTree, contractProblems, removeCopies } from "./tree-copy.ts";

afterAll(removeCopies);

/** Does in a copy of the tree what a guide says: blocks that begin with a path are files, `diff` blocks are changes. */
function follow(guide: string): string {
  const copy = copyOfTheTree();
  for (const { language, text } of blocksOf(`docs/guide/${guide}`)) {
    const path = fileOfBlock(text);
    if (path !== undefined) {
      mkdirSync(dirname(join(copy, path)), { recursive: true });
      writeFileSync(join(copy, path), text);
    } else if (language === "diff") changeFile(copy, text);
  }
  return copy;
}

/** What a program writes until it has written what is waited for, or ends. */
function outputUntil(copy: string, program: string, wanted: string): Promise<string> {
  const child = spawn(process.execPath, ["--import", "tsx", program], { cwd: copy });
  let text = "";
  const hear = (chunk: Buffer): void => {
    text += chunk.toString();
    if (text.includes(wanted)) child.kill("SIGKILL");
  };
  child.stdout.on("data", hear);
  child.stderr.on("data", hear);
  return new Promise((resolve) => child.on("close", () => resolve(text)));
}

describe("the code of a guide", () => {
  it("adds a backend that compiles and whose contracts are right", async () => {
    const copy = follow("add-a-backend.md");
    expect(await compileErrors(copy)).toEqual([]);
    expect(await contractProblems(copy)).toEqual([]);
  }, 180_000);

  it("adds a domain that compiles and runs", async () => {
    const copy = follow("add-a-domain.md");
    expect(await compileErrors(copy)).toEqual([]);
    const mail = "mail to ann@example.com: Your parcel is in the locker.";
    expect(await outputUntil(copy, "app/parcels.ts", mail)).toContain(mail);
  }, 180_000);
});
