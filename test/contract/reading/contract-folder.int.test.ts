import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FILE_BYTES_MAX } from "../../../runtime/contract/reading/contract-folder.ts";
import { loadContractFolder } from "../../../runtime/contract/reading/load.ts";
import { validateDomain } from "../../../runtime/contract/checks/validate.ts";
import { toyCode, toyFolder } from "../toy-domain.ts";

let root = "";
let dir = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "rollcall-contracts-"));
  dir = join(root, "toy");
  mkdirSync(dir);
});
afterEach(() => rmSync(root, { recursive: true }));

const said = () =>
  loadContractFolder(dir).diagnostics.map(({ file, code, message }) => [file.slice(dir.length), code, message]);

describe("a folder of contracts", () => {
  it("may have a file of 1 MiB and none above (RC004)", () => {
    writeFileSync(join(dir, "small.yaml"), "#".repeat(FILE_BYTES_MAX));
    writeFileSync(join(dir, "large.yaml"), "#".repeat(FILE_BYTES_MAX + 1));
    expect(said()).toEqual([
      ["/large.yaml", "RC004", "1048577 bytes: a contract has at most 1 MiB"],
      ["/small.yaml", "RC001", "no contract: the file is empty"],
    ]);
  });

  it("has no links to files outside of it; links inside are files", () => {
    writeFileSync(join(root, "outside.yaml"), "name: x\n");
    symlinkSync(join(root, "outside.yaml"), join(dir, "out.yaml"));
    symlinkSync("nowhere.yaml", join(dir, "broken.yml"));
    writeFileSync(join(dir, "readme.txt"), "not a contract");
    expect(said().map(([file, code]) => `${file} ${code}`)).toEqual(["/broken.yml RC001", "/out.yaml RC001"]);
    expect(loadContractFolder(dir).unreadableFiles).toHaveLength(2);
  });

  it("says so when it is a folder inside, not UTF-8, or not there", () => {
    mkdirSync(join(dir, "folder.yaml"));
    writeFileSync(join(dir, "latin1.yaml"), Buffer.from([0x61, 0x3a, 0x20, 0xe9]));
    expect(said()).toEqual([
      ["/folder.yaml", "RC001", "not a file"],
      ["/latin1.yaml", "RC001", "not YAML: not UTF-8"],
    ]);
    expect(loadContractFolder(join(root, "none")).diagnostics).toMatchObject([
      { code: "RC001", file: join(root, "none") },
    ]);
  });

  it("does not count a byte order mark as a column", () => {
    writeFileSync(join(dir, "bom.yaml"), "\uFEFFbakcend: 1\n");
    expect(loadContractFolder(dir).diagnostics[0]).toMatchObject({ line: 1, column: 1 });
  });

  it("is not compared with code while one of its files can't be read", () => {
    for (const { file, text } of loadContractFolder(toyFolder).contracts) {
      const broken = text.replace("node_type: REDUCER", "node_type: [REDUCER]");
      writeFileSync(join(dir, file.slice(toyFolder.length + 1)), broken);
    }
    const { model, diagnostics } = validateDomain(dir, toyCode);
    expect(model).toBeUndefined();
    expect(diagnostics.map(({ code, line, column }) => [code, line, column])).toEqual([["RC007", 3, 12]]);
  });
});
