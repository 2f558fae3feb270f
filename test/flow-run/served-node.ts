import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { flowRunsOf } from "../../app/modules/flow-run/module.ts";
import type { FlowNode, OfferedFlow } from "../../app/modules/flow-run/node/flow-node.ts";
import type { Means } from "../../effects/process/runnable.ts";
import type { Runner } from "../../effects/process/runner.ts";
import type { Json } from "../../runtime/core/message.ts";
import { serveModule } from "../gateway/served-module.ts";

interface Asked {
  readonly status: number;
  readonly headers: Headers;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- answers are looked into
  readonly body: any;
}

/** A flow whose program is a text of JavaScript. */
export const script = (text: string): Means => ({
  kind: "process",
  argv: [process.execPath, "--input-type=commonjs", "--eval", text],
  cwd: tmpdir(),
  env: {},
});

export const flow = (
  path: string,
  means: Means | undefined,
  more: Partial<{ timeoutMs: number; inputs: object }> = {},
) => {
  const fields = { source: "a test", description: "...", author: "ann@example.com", organization: "Example" };
  return {
    flow: { path, name: `Name of ${path}`, ...fields, published: "2026-01-01T00:00Z", release: "1" },
    runnable: means && { means, timeoutMs: more.timeoutMs ?? 60_000 },
    inputs: (more.inputs ?? {}) as Record<string, Json>,
  } satisfies OfferedFlow;
};

export interface ServedNode {
  readonly url: string;
  readonly hostUrl: string;
  readonly runner: Runner;
  ask(method: string, path: string, body?: object, headers?: Record<string, string>): Promise<Asked>;
  /** Asks until the run is in one of these states. */
  until(fid: string, ...states: readonly string[]): Promise<Asked["body"]>;
  launch(path: string, inputs?: object): Promise<string>;
  close(): Promise<void>;
}

/** A node on an embedded store, over real HTTP, at the host's own port. */
export async function servedNode(
  flows: readonly OfferedFlow[],
  more: Partial<FlowNode> & { readonly onLeave?: () => void; readonly environment?: Record<string, string> } = {},
): Promise<ServedNode> {
  const { onLeave, environment, ...given } = more;
  const folder = mkdtempSync(join(tmpdir(), "rollcall-runs-"));
  const node: FlowNode = { name: "test.example", registries: [], flows, concurrency: 8, keepMs: 86_400_000, ...given };
  const { module, runner } = flowRunsOf(node, { folder });
  const { url, hostUrl, close } = await serveModule(module, {
    listener: "flow_run",
    ...(onLeave && { onLeave }),
    environment: { ROLLCALL_LISTENERS: "flow_run=main", ...environment },
  });
  const ask: ServedNode["ask"] = async (method, path, body, headers = {}) => {
    const response = await fetch(hostUrl + path, {
      method,
      headers: { ...(body && { "content-type": "application/json" }), ...headers },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === "" ? {} : JSON.parse(text) };
  };
  return {
    ...{ url, hostUrl, runner: runner(), ask },
    async until(fid, ...states) {
      for (let looks = 0; looks < 600; looks++) {
        const { body } = await ask("GET", `/${fid}/state`);
        if (states.includes(body.state)) return body;
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
      throw new Error(`${fid} does not become ${states.join(" or ")}`);
    },
    async launch(path, inputs) {
      const { status, body } = await ask("POST", "/flow", { path, ...(inputs && { inputs }) });
      if (status !== 201) throw new Error(`${status} ${JSON.stringify(body)}`);
      return body.fid;
    },
    async close() {
      await close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
