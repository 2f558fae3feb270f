import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { blocksOf } from "../tidy/guide-blocks.ts";
import { ROOT } from "../tidy/sources.ts";
import { pythonWithPackage, run } from "./python.ts";

const found = pythonWithPackage();
const folder = mkdtempSync(join(tmpdir(), "node-registry-guide-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A program of the name, before those of the machine. */
const program = (name: string, call: string): void =>
  writeFileSync(join(folder, name), `#!/bin/sh\nexec ${call} "$@"\n`, { mode: 0o755 });

/**
 * The guide's session runs, line by line.
 * @param more in its environment
 * @param shown what it prints then, too
 */
export function runGuide(more: Readonly<Record<string, string>> = {}, shown: readonly string[] = []): void {
  it.skipIf("missing" in found)(
    "runs line by line",
    async () => {
      const stdout = await session(more);
      for (const text of ['"status":"maintenance"', '"role":"production-router"', ...shown])
        expect(stdout).toContain(text);
    },
    120_000,
  );
}

async function session(more: Readonly<Record<string, string>>): Promise<string> {
  const [registry, router] = [await freePort(), await freePort()];
  program("rollcall", `"${process.execPath}" "${join(ROOT, "dist/app/rollcall.js")}"`);
  program("python3", `"${"python" in found ? found.python : ""}"`);
  const blocks = blocksOf("docs/guide/node-registry.md").map(({ language, text }) =>
    language === "python" ? `cat > program.py <<'PYTHON'\n${text}\nPYTHON\npython3 program.py\n` : text,
  );
  const session = ["set -euo pipefail", `cd "${folder}"`, "trap 'kill $(jobs -p)' EXIT", ...blocks].join("\n");
  const mapped = session
    .replaceAll("localhost:9205", `127.0.0.1:${registry}`)
    .replaceAll("localhost:9102", `127.0.0.1:${router}`)
    .replaceAll("--port 9102", `--port ${router}`)
    // Where a test may write.
    .replaceAll(/--role (\S+)/g, `--config-dir "${folder}/$1" --role $1`);
  const { code, stdout, stderr } = await run("bash", ["-c", mapped], {
    ...{ PATH: `${folder}${delimiter}${process.env["PATH"] ?? ""}`, ROLLCALL_DATA_DIR: join(folder, "data") },
    ...{ ROLLCALL_LISTENERS: `node_registry=${registry}`, ROLLCALL_HTTP_PORT: "0" },
    ...more,
  });
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return stdout;
}
