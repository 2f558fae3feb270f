import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DoctorCheck } from "../../app/http/health/doctor.routes.ts";
import type { WaitingIntent } from "../../app/http/intents/intents.routes.ts";
import type {
  RegistrationExplanation,
  RegistrationTimelineItem as TimelineItem,
} from "../../app/modules/registration/registration-view.ts";
import { notYet } from "../../runtime/core/effect.ts";
import { answering, failing } from "./failing-effect.ts";
import { HttpBench, lasting } from "./registration/http-bench.ts";

const PROGRAM = fileURLToPath(new URL("../../dist/app/rollcall.js", import.meta.url));
const run = promisify(execFile);

let bench: HttpBench;
beforeAll(async () => {
  bench = await HttpBench.open(lasting);
});
afterAll(() => bench.close());

const rollcall = async (...words: string[]) =>
  (await run(process.execPath, [PROGRAM, ...words], { env: { PATH: process.env["PATH"], ROLLCALL_URL: bench.url } }))
    .stdout;
const waiting = async () => (await bench.ask<{ items: WaitingIntent[] }>("/api/v1/intents")).body.items;
const explanation = async (id: string) =>
  (await bench.ask<RegistrationExplanation>(`/api/v1/registrations/${id}/explanation`)).body;
const end = (id: string, query = "reason=no%20use&by=ada") =>
  bench.ask(`/api/v1/intents/${id}/end?${query}`, { method: "POST" });
const decisions = (id: string) =>
  bench.system.store.query<{ command: string; who: string; reason: string }>(
    `select command, who, reason from rollcall.operator_decision where subject = $1`,
    [id],
  );
const introspect = (node_id: string) => bench.publish("NodeIntrospectionEvent", { node_id, node_type: "effect" });

describe("an intent that is not done yet", () => {
  it("is told with what it waits for, in every interface, and goes on when it is done", async () => {
    await answering(bench.system, "consul.register", notYet("the rack is built"), async () => {
      await introspect("slow-1");
      await expect
        .poll(waiting)
        .toMatchObject([
          { type: "consul.register", entity_id: "slow-1", status: "not_yet", note: "the rack is built" },
        ]);
      expect((await explanation("slow-1")).text).toMatch(
        /consul\.register \(requested .*, not done yet since .*: the rack is built\)/,
      );
      const { body: report } = await bench.ask<{ checks: DoctorCheck[] }>("/api/v1/doctor");
      expect(report.checks.filter(({ name }) => name.startsWith("intents"))).toMatchObject([
        { name: "intents", level: "ok" },
        { name: "intents not done yet", level: "ok", detail: expect.stringContaining("(the rack is built)") },
      ]);
      const metrics = await (await fetch(`${bench.url}/metrics`)).text();
      expect(metrics).toContain('rollcall_intents_not_yet{domain="registration"} 1\n');
      expect(metrics).toMatch(
        /intent_tries_total\{domain="registration",type="consul.register",result="not_yet"\} [1-9]/,
      );
      expect(await rollcall("intents", "list")).toMatch(/consul\.register +slow-1 +not yet .* the rack is built\n/);
    });
    await bench.until("slow-1", "AWAITING_ACK");
    const { body } = await bench.ask<{ items: TimelineItem[] }>("/api/v1/registrations/slow-1/timeline");
    const told = body.items.flatMap(({ kind, note }) => (note?.includes("rack") ? [[kind, note]] : []));
    expect(told).toMatchObject([
      ["not_yet", "the rack is built"],
      ["message", expect.stringMatching(/^done, after \d+ answers "not yet", the last: the rack is built$/)],
    ]);
    expect(await waiting()).toEqual([]);
  });
});

describe("an intent that an operator ends", () => {
  it("ends without an outcome, whatever it waits for; who and why are journaled and stored", async () => {
    await failing(bench.system, "consul.register", async () => {
      await introspect("given-up-1");
      const pending = async () => (await explanation("given-up-1")).intents.find(({ tries }) => tries.length > 0);
      await expect.poll(pending).toMatchObject({ type: "consul.register", status: "pending" });
      const id = String((await pending())?.id);
      const { status, body } = await end(id);
      expect([status, body]).toMatchObject([202, { id, type: "consul.register", entity_id: "given-up-1" }]);
      await expect
        .poll(async () => (await explanation("given-up-1")).intents.find((each) => each.id === id))
        .toMatchObject({ status: "settled", note: "ended by ada (address 127.0.0.1): no use" });
      expect(await decisions(id)).toEqual([
        { command: "intent end", who: "ada (address 127.0.0.1)", reason: "no use" },
      ]);
      expect((await end(id)).status).toBe(409);
    });
  });

  it("is ended by the command", async () => {
    await answering(bench.system, "consul.register", notYet("nobody knows"), async () => {
      await introspect("given-up-2");
      await expect.poll(waiting).toHaveLength(1);
      const [{ id } = { id: "" }] = await waiting();
      const out = await rollcall("intents", "end", String(id), "--reason", "enough", "--by", "ada");
      expect(out).toBe("consul.register of given-up-2 ends: enough\n");
      await expect.poll(waiting).toEqual([]);
    });
  });

  it("is refused when it is not known, or without a reason", async () => {
    expect((await end("nobody")).status).toBe(409);
    expect((await end("nobody", "by=ada")).status).toBe(400);
    await expect(rollcall("intents", "end", "nobody", "--reason", "x")).rejects.toMatchObject({ code: 1 });
  });
});
