import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { freePorts } from "../real/services/free-ports.ts";
import { blocksOf } from "../tidy/guide-blocks.ts";
import { ROOT } from "../tidy/sources.ts";

const folder = mkdtempSync(join(tmpdir(), "flow-nodes-guide-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the guide's session", () => {
  it("runs line by line, and the registry ends as it is told", async () => {
    const { port } = await freePorts(["port"]);
    const rollcall = `#!/bin/sh\nexec "${process.execPath}" "${join(ROOT, "dist/app/rollcall.js")}" "$@"\n`;
    writeFileSync(join(folder, "rollcall"), rollcall, { mode: 0o755 });
    const lines = blocksOf("docs/guide/flow-nodes.md").map(({ text }) => text);
    const session = ["set -euo pipefail", `cd "${folder}"`, "trap 'kill $(jobs -p) 2>&1 || :' EXIT", ...lines].join(
      "\n",
    );
    const child = spawn("bash", ["-c", session.replaceAll("localhost:9206", `127.0.0.1:${port}`)], {
      env: {
        ...{ PATH: `${folder}${delimiter}${process.env["PATH"] ?? ""}`, HOME: folder },
        ...{ ROLLCALL_DATA_DIR: join(folder, "data"), ROLLCALL_LISTENERS: `flow_registry=${port}` },
        ROLLCALL_HTTP_PORT: "0",
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    for (const output of [child.stdout, child.stderr]) output.on("data", (part: Buffer) => (said += part.toString()));
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect({ code, said }).toMatchObject({ code: 0 });
    for (const text of ['{"leaving":true}', 'flow_registry_nodes{status="revoked"}', '"msg":"stopped"'])
      expect(said).toContain(text);
  }, 120_000);
});
