import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Program, startProgram } from "../blackbox/program.ts";
import { waitUntil } from "../real/services/wait-until.ts";
import { CanaryServer } from "./canary-server.ts";
import { pointingAt } from "./registration/pointing-at.ts";
import { rollcall } from "./rollcall.ts";

/**
 * CR LF, a second log line, ANSI (7-bit and 8-bit), a title, a bell, backspaces, a turned direction, a hidden space.
 */
const NASTY = '\r\n{"level":"info","msg":"forged"}\n\x1b[2J\x1b]0;owned\x07\x9b31m\x08\x08\u202egnp.exe\u2066\u200b';
/** Names have no control characters, but may change the writing direction. */
const TURNED = "\u202egnp.exe\u2066";
const node = "hostile-1";
let canary: CanaryServer;
let program: Program;
const folder = mkdtempSync(join(tmpdir(), "rollcall-hostile-"));

const post = async (body: string, path = "/api/v1/events"): Promise<number> => {
  const headers = { "content-type": "application/json", "user-agent": "\x9b31m" };
  const answer = await fetch(program.url + path, { method: "POST", headers, body });
  await answer.arrayBuffer();
  return answer.status;
};
const publish = (payload_type: string, payload: object, query = "") =>
  post(
    JSON.stringify({ payload_type, source_tool: NASTY, payload: { node_id: node, ...payload } }),
    `/api/v1/events${query}`,
  );
const get = async (path: string) => (await fetch(program.url + path)).json() as Promise<Record<string, unknown>>;
const until = (state: string) =>
  waitUntil(
    async () => {
      const said = await get(`/api/v1/registrations/${node}`);
      if (said["state"] !== state) throw new Error(String(said["state"]));
    },
    { what: state, timeoutMs: 45_000 },
  );

/** A whole registration of a hostile node; with --disable-proto=delete and the most verbose log level. */
beforeAll(async () => {
  canary = await CanaryServer.open();
  const environment = {
    ROLLCALL_DATA_DIR: folder,
    ROLLCALL_PARTITIONS: "2",
    ROLLCALL_LOG_LEVEL: "trace",
    NODE_OPTIONS: "--disable-proto=delete",
  };
  program = await startProgram({ environment, readyMs: 150_000 });
  const about = { node_type: "effect", ...pointingAt(canary) };
  const names = { node_name: TURNED, node_role: TURNED, capabilities: [TURNED], metadata: { [NASTY]: NASTY } };
  for (const name of ["node_name", "node_role"])
    expect(await publish("NodeIntrospectionEvent", { ...about, [name]: NASTY })).toBe(400);
  expect(await publish("NodeIntrospectionEvent", about)).toBe(202);
  await until("AWAITING_ACK");
  expect(await publish("NodeRegistrationAcked", {}, "?wait=active&timeout=30s")).toBe(200);
  expect(await publish("NodeIntrospectionEvent", { ...about, ...names })).toBe(202);
  expect(await publish("NodeHeartbeatEvent", { uptime_seconds: 1 })).toBe(202);
  const proto = [
    '{"payload_type":"NodeIntrospectionEvent","payload":{"node_id":"proto-1","node_type":"effect",',
    '"metadata":{"a":"b"},"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}}',
  ].join("");
  expect(await post(proto)).toBe(202);
  await publish("NodeDeregister", { reason: NASTY });
  await publish("NodeDeregister", { reason: TURNED });
  await until("DEREGISTERED");
}, 180_000);
afterAll(async () => {
  await program.stop();
  canary.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("texts of a hostile node", () => {
  it("are never written to a log or terminal unescaped", async () => {
    const commands = [
      ...["nodes list", `nodes show ${node}`, `explain ${node}`, "dlq list", "doctor", `nodes show ${node} --json`],
      ...["nodes list --json", `explain ${node} --json`, "dlq list --json"],
    ];
    for (const command of commands) {
      const { out, err } = await rollcall(command, { ROLLCALL_URL: program.url });
      expect([command, /[^\n\P{Cc}]|\p{Bidi_C}/u.exec(out + err)?.[0]]).toEqual([command, undefined]);
      expect(out).not.toMatch(/^\{"level":"info","msg":"forged"\}/m);
    }
    expect((await rollcall(`nodes show ${node} --json`, { ROLLCALL_URL: program.url })).out).toContain(
      "\\u202egnp.exe",
    );
    const log = program.said();
    expect(log).toContain("gnp.exe");
    expect(/[^\n\P{Cc}]|\p{Bidi_C}/u.exec(log)?.[0]).toBeUndefined();
    for (const line of log.trim().split("\n").slice(1)) expect(JSON.parse(line)).not.toMatchObject({ msg: "forged" });
  });

  it("reach no prototype", async () => {
    expect(await get("/api/v1/registrations/proto-1")).not.toHaveProperty("polluted");
    expect(program.said()).not.toContain("has a defect");
  });

  it("cause no request to an address in them", () => expect(canary.calls).toEqual([]));

  it("are unchanged in the API, which no browser renders as a page", async () => {
    const said = await fetch(`${program.url}/api/v1/registrations/${node}`);
    expect(said.headers.get("content-type")).toMatch(/^application\/json/);
    const { node: shown } = (await said.json()) as { node: { node_name: string; metadata: Record<string, string> } };
    expect([shown.node_name, shown.metadata[NASTY]]).toEqual([TURNED, NASTY]);
  });
});
