import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { spawnSync } from "node:child_process";
import { afterAll, describe, expect, it } from "vitest";
import { freePorts } from "../real/services/free-ports.ts";
import { blocksOf } from "../tidy/guide-blocks.ts";
import { ROOT } from "../tidy/sources.ts";
import { run } from "../node-registry/python.ts";

const folder = mkdtempSync(join(tmpdir(), "flow-node-guide-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const isThere = (program: string): boolean => spawnSync("sh", ["-c", `command -v ${program}`]).status === 0;
const PROGRAMS = ["bash", "curl", "jq", "python3", "cp"];

describe("the guide's session", () => {
  it.skipIf(!PROGRAMS.every(isThere))("runs line by line", { timeout: 120_000 }, async () => {
    const { node, convert } = await freePorts(["node", "convert"]);
    const rollcall = `#!/bin/sh\nexec "${process.execPath}" "${join(ROOT, "dist/app/rollcall.js")}" "$@"\n`;
    writeFileSync(join(folder, "rollcall"), rollcall, { mode: 0o755 });
    const blocks = blocksOf("docs/guide/flow-nodes-run.md").map(({ text }) => text);
    const session = [
      ...["set -euo pipefail", `cp -r "${join(ROOT, "examples")}" "${folder}"`, `cd "${folder}"`],
      `sed -i 's/:9300/:${convert}/' examples/flow-node/node1.yaml`,
      ...["trap 'kill $(jobs -p)' EXIT", ...blocks],
    ].join("\n");
    const mapped = session
      .replaceAll("localhost:9207", `127.0.0.1:${node}`)
      .replaceAll("convert_server.py", `convert_server.py ${convert}`);
    const { code, stdout, stderr } = await run("bash", ["-c", mapped], {
      PATH: `${folder}${delimiter}${process.env["PATH"] ?? ""}`,
      ...{ ROLLCALL_DATA_DIR: join(folder, "data"), ROLLCALL_HTTP_PORT: String(node) },
    });
    expect({ code, stderr }).toMatchObject({ code: 0 });
    for (const text of [
      'counted: {"one": 1, "two": 2}',
      "asked: May the report be published?",
      'published: {"published": "the report"}',
      'converted: {"text": "LOUD"}',
      "cleaned: 3",
      "event: RunLocked",
      "they can read its environment",
    ])
      expect(stdout).toContain(text);
  });
});
