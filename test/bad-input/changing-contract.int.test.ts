import fs, { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { FILE_BYTES_MAX, readContractFolder } from "../../runtime/contract/reading/contract-folder.ts";

/** Called after every read of the real file system: it writes as another process would. */
let meanwhile = (): void => {};
const { readSync } = fs;
const readAndTell = (...given: Parameters<typeof readSync>): number => {
  const read = readSync(...given);
  meanwhile();
  return read;
};
beforeAll(() => install(readAndTell as typeof readSync));
afterAll(() => install(readSync));
function install(read: typeof readSync): void {
  fs.readSync = read;
  syncBuiltinESMExports();
}

let dir = "";
let file = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "rollcall-changing-"));
  file = join(dir, "changing.yaml");
  writeFileSync(file, "was: 1\n");
});
afterEach(() => {
  meanwhile = () => {};
  rmSync(dir, { recursive: true });
});
const said = () => readContractFolder(dir).problems.map(({ code, message }) => `${code} ${message}`);

describe("changed while read", () => {
  it("once: the changed file is read", () => {
    let written = false;
    meanwhile = () => {
      if (!written) writeFileSync(file, "became: 1\n");
      written = true;
    };
    expect(readContractFolder(dir).files.map(({ text }) => text)).toEqual(["became: 1\n"]);
  });

  it("again and again: it is refused", () => {
    let times = 0;
    meanwhile = () => writeFileSync(file, `times: ${++times}\n`);
    expect(said()).toEqual(["RC001 the file changes while it is read: try again"]);
  });

  it("to more than the size limit: only that much is read, and it is refused", () => {
    meanwhile = () => writeFileSync(file, "x".repeat(10_000_000));
    expect(said()).toEqual([`RC004 ${FILE_BYTES_MAX + 1} bytes: a contract has at most 1 MiB`]);
  });
});
