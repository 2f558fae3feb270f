import type * as Fs from "node:fs";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FILE_BYTES_MAX, readContractFolder } from "../../runtime/contract/contract-folder.ts";

/** Called behind every read of the real file system: that is when somebody else writes. */
const meanwhile = vi.hoisted(() => ({ write: (): void => {} }));
vi.mock("node:fs", async (original) => {
  const fs = await original<typeof Fs>();
  const readSync = (...given: Parameters<typeof fs.readSync>): number => {
    const read = fs.readSync(...given);
    meanwhile.write();
    return read;
  };
  return { ...fs, readSync };
});

let dir = "";
let file = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "rollcall-changing-"));
  file = join(dir, "changing.yaml");
  writeFileSync(file, "was: 1\n");
});
afterEach(() => {
  meanwhile.write = () => {};
  rmSync(dir, { recursive: true });
});
const said = () => readContractFolder(dir).problems.map(({ code, message }) => `${code} ${message}`);

describe("changed while read", () => {
  it("once: it is read as it became", () => {
    let written = false;
    meanwhile.write = () => {
      if (!written) writeFileSync(file, "became: 1\n");
      written = true;
    };
    expect(readContractFolder(dir).files.map(({ text }) => text)).toEqual(["became: 1\n"]);
  });

  it("again and again: it is refused", () => {
    let times = 0;
    meanwhile.write = () => writeFileSync(file, `times: ${++times}\n`);
    expect(said()).toEqual(["RC001 the file changes while it is read: try again"]);
  });

  it("to more than a contract may have: no more than that is read, and it is refused", () => {
    meanwhile.write = () => writeFileSync(file, "x".repeat(10_000_000));
    expect(said()).toEqual([`RC004 ${FILE_BYTES_MAX + 1} bytes: a contract has at most 1 MiB`]);
  });
});
