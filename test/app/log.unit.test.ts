import { Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { redactorOf } from "../../app/host/redact.ts";
import { createLog, logShellEvents } from "../../app/host/log.ts";
import type { ShellEvent } from "../../runtime/shell/shell-event.ts";

function logged(level: string, act: (log: ReturnType<typeof createLog>) => void, redact = redactorOf([])) {
  const lines: Record<string, unknown>[] = [];
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      lines.push(JSON.parse(chunk.toString()));
      done();
    },
  });
  act(createLog(level, redact, stream as never));
  return lines;
}
const loggedEvents = (level: string, ...events: object[]) =>
  logged(level, (log) => {
    logShellEvents(log, { watch: (listener) => (events.forEach((event) => listener(event as ShellEvent)), () => {}) });
  });

const decision = {
  kind: "decision",
  partition: 3,
  message: {
    type: "NodeHeartbeatEvent",
    entityId: "n1",
    id: "m1",
    correlationId: "c1",
    payload: { secret_of_node: "body" },
  },
  decision: { result: "no_op", reason: "nothing waits", moves: [], entity: undefined },
};

describe("the log", () => {
  it("redacts values with the name of a secret, and credentials in an error's text", () => {
    const [line] = logged("info", (log) => {
      const err = new Error("can't reach postgres://me:hunter2@db/x");
      log.info(
        { config: { DATABASE_URL: "hunter2", sasl: { password: "hunter2" } }, token: "hunter2", err },
        "started",
      );
    });
    expect(JSON.stringify(line)).not.toContain("hunter2");
    expect(JSON.stringify(line)).toContain("postgres://[redacted]@db/x");
  });

  it("redacts the secrets that it is told, wherever a text has them", () => {
    const secret = 'canary"of\\parcels';
    const text = `https://example.com/?key=${secret}`;
    const write = (log: ReturnType<typeof createLog>) =>
      log.error({ err: new Error(text), "a@b": text }, `no answer: ${text}`);
    const [line] = logged("info", write, redactorOf([secret]));
    expect(line).toMatchObject({ msg: "no answer: https://example.com/?key=[redacted]", "a@b": expect.any(String) });
    expect(JSON.stringify(line)).not.toContain("canary");
  });

  it("says why an intent failed, and of which entity", () => {
    const failed = { kind: "intent", type: "mail.send", backend: "mail", result: "failed", entity: "p-1" };
    const fault = { code: "UNAVAILABLE", error: "no answer of http://me:hunter2@mail/" };
    expect(loggedEvents("info", { ...failed, ...fault }, { ...failed, ...fault, result: "retried" })).toMatchObject([
      { level: "warn", entity: "p-1", msg: "mail.send failed: UNAVAILABLE no answer of http://[redacted]@mail/" },
    ]);
  });

  it("logs lifecycle at info, dead letters at warn, decisions and what troubles tell at debug", () => {
    const events = [
      { kind: "partitions_owned", owned: [1, 2], refused: [] },
      { kind: "unreachable", part: "store", error: "postgres://me:hunter2@db refused" },
      { kind: "dead_letter", partition: 1, topic: "t", offset: 4, code: "MALFORMED_JSON", error: "no JSON" },
      decision,
    ];
    expect(loggedEvents("info", ...events).map(({ level, msg }) => [level, msg])).toEqual([
      ["info", "serves 2 partitions"],
      ["warn", "dead letter MALFORMED_JSON: rollcall dlq list shows it"],
    ]);
    expect(loggedEvents("debug", decision)).toMatchObject([
      { level: "debug", entity: "n1", msg: "NodeHeartbeatEvent: nothing waits" },
    ]);
    expect(JSON.stringify(loggedEvents("debug", ...events))).not.toMatch(/hunter2|secret_of_node/);
  });
});
