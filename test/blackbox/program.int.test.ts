import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { startProgram } from "./program.ts";

it("finds a secret that a program prints", async () => {
  const data = mkdtempSync(join(tmpdir(), "rollcall-leak-"));
  const planted = { ROLLCALL_DATA_DIR: data, ROLLCALL_NAMESPACE: "canary-planted", ROLLCALL_LOG_LEVEL: "trace" };
  const program = await startProgram({ environment: planted });
  await fetch(`${program.url}/api/v1/events`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ payload_type: "NodeIntrospectionEvent", payload: { node_id: "a", node_type: "effect" } }),
  });
  await program.stop();
  rmSync(data, { recursive: true, force: true });
  expect(program.leak).toContain("canary-planted");
});
