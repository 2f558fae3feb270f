import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import {
  type NodeIdFolders,
  readNodeId,
  UnreadableNodeIdError,
  writeNodeId,
} from "../../app/modules/node-registry/agent/node-id-file.ts";
import { derivedNodeId } from "../../contracts/node-registry/messages/commands.ts";
import { ID_FILES } from "./id-files.ts";

const root = mkdtempSync(join(tmpdir(), "node-id-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const DERIVED = derivedNodeId("gpu-1", "inference-node");

let made = 0;
function folders(): NodeIdFolders & { readonly system: string; readonly user: string; readonly old: string } {
  const base = join(root, String(++made));
  const [system, user, old] = [join(base, "etc"), join(base, "home"), join(base, "old")] as const;
  return { own: [system, user], former: [old], system, user, old };
}
function put(folder: string, content: string | Uint8Array): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "node_id"), content);
  return join(folder, "node_id");
}
const idIn = (folder: string): string => readFileSync(join(folder, "node_id"), "utf8");

describe("the file with a node's id", () => {
  it.each(ID_FILES(DERIVED))("that has $what gives $id", ({ content, id, note }) => {
    const at = folders();
    put(at.system, content);
    const stored = readNodeId(at, DERIVED);
    expect(stored.id).toBe(id);
    expect(stored.notes).toEqual(
      note === undefined ? [] : [`${join(at.system, "node_id")} ${note}: it is written anew`],
    );
    expect(writeNodeId(id ?? DERIVED, at, stored)).toEqual([]);
    expect(idIn(at.system)).toBe(`${id ?? DERIVED}\n`);
    expect(readdirSync(at.system)).toEqual(["node_id"]);
    expect(statSync(join(at.system, "node_id")).mode & 0o777).toBe(0o644);
  });

  it("that is not there is made in the first folder, and nowhere else", () => {
    const at = folders();
    writeNodeId("n1", at, readNodeId(at, DERIVED));
    expect(idIn(at.system)).toBe("n1\n");
    expect([at.user, at.old].filter(existsSync)).toEqual([]);
  });

  it("that can't be made in the first folder is made in the second", () => {
    const at = folders();
    mkdirSync(join(at.system, ".."), { recursive: true });
    // A file is where the folder should be: as with a folder that is read-only nothing can be made in it.
    writeFileSync(at.system, "");
    expect(writeNodeId("n1", at, readNodeId(at, DERIVED))).toEqual([]);
    expect(idIn(at.user)).toBe("n1\n");
  });

  it("that can't be made anywhere is said", () => {
    const at = folders();
    mkdirSync(join(at.system, ".."), { recursive: true });
    for (const folder of at.own) writeFileSync(folder, "");
    const problems = writeNodeId("n1", at, readNodeId(at, DERIVED));
    expect(problems).toEqual(at.own.map((folder) => expect.stringContaining(`${folder}/node_id can't be written: `)));
  });

  it("that is a folder ends it, with the remedy", () => {
    const at = folders();
    mkdirSync(join(at.system, "node_id"), { recursive: true });
    expect(() => readNodeId(at, DERIVED)).toThrow(UnreadableNodeIdError);
    expect(() => readNodeId(at, DERIVED)).toThrow(/node_id: .*remove the folder/);
  });

  it("of programs of before is read, and kept up to date", () => {
    const at = folders();
    put(at.old, "n1");
    const stored = readNodeId(at, DERIVED);
    expect(stored).toMatchObject({ id: "n1", notes: [] });
    writeNodeId("n1", at, stored);
    expect([idIn(at.system), idIn(at.old)]).toEqual(["n1\n", "n1\n"]);
  });

  it("counts in the first folder when both have one, and that is said", () => {
    const at = folders();
    put(at.system, "n1\n");
    const other = put(at.user, "n2\n");
    const stored = readNodeId(at, DERIVED);
    expect(stored).toMatchObject({ id: "n1", notes: [`${other} has another id, n2: ${at.system}/node_id counts`] });
    writeNodeId("n1", at, stored);
    expect(idIn(at.user)).toBe("n2\n");
  });
});
