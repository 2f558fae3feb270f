import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { environmentOf } from "../../app/modules/flow-run/commands/flow-node.ts";
import { loadFlowNode } from "../../app/modules/flow-run/node/flow-node.ts";
import { ScopeError } from "../../app/modules/flow-run/node/read-scope.ts";
import { userIds } from "../../app/modules/flow-run/node/user-ids.ts";

const folder = mkdtempSync(join(tmpdir(), "rollcall-scope-"));
let files = 0;
function fileOf(text: string): string {
  const file = join(folder, `node${++files}.yaml`);
  writeFileSync(file, text);
  return file;
}
const FLOW = `  - path: example.report
    name: Report
    source: ./report.py
    description: Writes a report
    author: ann@example.com
    organization: Example
    published: 2024-11-12T11:12+00:00
    release: "0.1.2"
`;
const problemOf = (text: string): Promise<string> =>
  loadFlowNode({ scope: fileOf(text) }).then(
    () => "none",
    (error: unknown) => (error instanceof ScopeError ? error.message.replaceAll(`${folder}/`, "") : String(error)),
  );

describe("a scope file", () => {
  it("says what a node is and runs", async () => {
    const scope = fileOf(`node: flows.example:9207
registries:
  - http://127.0.0.1:9206
  - { url: "https://registry.example/flows", token_file: token }
flows:
${FLOW}    run: [python3, report.py]
    timeout: 2h
    env: { LANG: C.UTF-8 }
    inputs: { pages: 3 }
`);
    const node = await loadFlowNode({ scope, registries: ["http://127.0.0.1:1"] });
    expect(node).toMatchObject({
      name: "flows.example:9207",
      registries: [
        { url: "http://127.0.0.1:9206", tokenFile: undefined },
        { url: "https://registry.example/flows", tokenFile: join(folder, "token") },
        { url: "http://127.0.0.1:1" },
      ],
      flows: [
        {
          flow: { path: "example.report", published: "2024-11-12T11:12+00:00" },
          runnable: {
            means: { kind: "process", argv: ["python3", "report.py"], cwd: folder, env: { LANG: "C.UTF-8" } },
            timeoutMs: 7_200_000,
          },
          inputs: { pages: 3 },
        },
      ],
    });
  });

  it.each([
    [`node: a b\n`, "1: node: a host and, if need be, :port"],
    [`flows: []\n`, "1: node: missing: add it"],
    [`node: n\nflow: []\n`, '1: the file: Unrecognized key: "flow": take it out, or correct its name'],
    [`node: n\nflows:\n${FLOW.replace(/ {4}author.*\n/, "")}`, "3: flows[0].author: missing: add it"],
    [`node: n\nflows:\n${FLOW.replace("Example", '""')}`, "8: flows[0].organization: empty"],
    [`node: n\nflows:\n${FLOW}    timeout: 8d\n    run: [x]\n`, "11: flows[0].timeout: 7d at most"],
    [
      `node: n\nflows:\n${FLOW}    run: [x]\n    call: f\n`,
      "3: flows[0]: it has several of run, http and call: keep one",
    ],
    [
      `node: n\nflows:\n${FLOW}    run: "rm -rf /"\n`,
      "11: flows[0].run: Invalid input: expected array, received string",
    ],
    [`node: n\nflows:\n${FLOW}${FLOW}`, "11: flows[1].path: flow 1 has this path too: give each its own"],
    [`node: n\nregistries: [ftp://x]\n`, "2: registries[0]: a URL with http or https: http://127.0.0.1:9000/flow"],
    [`node: [\n`, "2: not YAML: "],
    [`node: n\nnode: m\n`, "2: not YAML: Map keys must be unique"],
  ])("that is wrong is refused with the line and what to do: %j", async (text, problem) => {
    expect(await problemOf(text)).toMatch(new RegExp(`^node\\d+\\.yaml:${problem.replace(/[[\].*+?(){}]/g, "\\$&")}`));
  });

  it("that is not there is named", async () => {
    await expect(loadFlowNode({ scope: join(folder, "none.yaml") })).rejects.toThrow(/none\.yaml: ENOENT/);
  });

  it("names functions of a file", async () => {
    writeFileSync(join(folder, "functions.mjs"), "export const report = () => 1; export const other = 2;");
    const text = `node: n\nfunctions: functions.mjs\nflows:\n${FLOW}    call: `;
    const node = await loadFlowNode({ scope: fileOf(`${text}report\n`) });
    expect(node.flows[0]?.runnable?.means.kind).toBe("function");
    expect(await problemOf(`${text}other\n`)).toContain("example.report: call: other is no function");
    expect(await problemOf(`${text.replace("functions.mjs", "none.mjs")}report\n`)).toContain("can't be loaded");
  });
});

describe("flows that are found", () => {
  it("are a file each, beside those of the scope file", async () => {
    const found = join(folder, "found");
    mkdirSync(found);
    const one = FLOW.replace("  - path", "path").replaceAll(/^ {4}/gm, "");
    writeFileSync(join(found, "b.flow.yaml"), `${one.replace("example.report", "b")}run: [./b]\n`);
    writeFileSync(join(found, "a.flow.yml"), one.replace("example.report", "a"));
    writeFileSync(join(found, "notes.yaml"), "[");
    const node = await loadFlowNode({ discover: found });
    expect(node.flows.map(({ flow, runnable }) => [flow.path, runnable?.means])).toMatchObject([
      ["a", undefined],
      ["b", { cwd: found }],
    ]);
    const scope = fileOf(`node: n\nflows:\n${FLOW.replace("example.report", "a")}`);
    await expect(loadFlowNode({ scope, discover: found })).rejects.toThrow(/a is in .* too: keep one of them/);
  });
});

describe("another user", () => {
  it("is found by name, and refused where this process may not become one", () => {
    const passwd = fileOf("root:x:0:0::/:/bin/sh\nflows:x:1001:1002::/:/bin/false\n");
    if (process.getuid?.() === 0) expect(userIds("flows", passwd)).toEqual({ uid: 1001, gid: 1002 });
    else expect(() => userIds("flows", passwd)).toThrow(/may not run programs as another user/);
    expect(() => userIds("none", passwd)).toThrow(/there is no user none on this machine/);
  });
});

describe("the environment of a node", () => {
  it("has no other store or bus, and one port for all", () => {
    const given = { DATABASE_URL: "postgres://x", KAFKA_BOOTSTRAP_SERVERS: "x:1", CONSUL_HTTP_ADDR: "x", OTHER: "1" };
    expect(environmentOf(given, undefined)).toEqual({
      ...{ OTHER: "1", ROLLCALL_HTTP_PORT: "9207", ROLLCALL_LISTENERS: "flow_run=main" },
    });
    expect(environmentOf({ ROLLCALL_HTTP_PORT: "1" }, "2")["ROLLCALL_HTTP_PORT"]).toBe("2");
  });
});
