import { describe, expect, it } from "vitest";
import { flowRuns } from "../../app/modules/flow-run/module.ts";
import { testDomain } from "../../app/testing/index.ts";
import type { RunState } from "../../contracts/flow-run/messages/state.ts";
import type { Payload } from "../../runtime/core/message.ts";

const LAUNCH = { fid: "r1", path: "p", name: "P", inputs: { a: 1 }, by: "ann", offered: "runnable" };
const AT = "2026-01-01T00:00:00.000Z";
const LATER = "2026-01-01T01:00:00.000Z";

const said = (type: string, more: Payload = {}) => ({ type, payload: { fid: "r1", by: "ann", ...more } });
const told = (type: string, nth: number, more: Payload = {}) => ({ type, payload: { fid: "r1", nth, ...more } });
const lock = (nth: number, lid: string, expires_at = LATER) =>
  told("ReportLock", nth, { lid, question: "may it?", expires_at });
const answer = (lid: string, result: Payload[string] = "yes") => said("AnswerLock", { lid, result });
const done = (nth: number) => told("ReportResult", nth, { result: 7, at: AT });
const failed = (nth: number, code = "exit") => told("ReportError", nth, { error: { code, message: "m" }, at: AT });

type Message = ReturnType<typeof said> | ReturnType<typeof told>;
const run = (...messages: readonly Message[]) =>
  testDomain<RunState>(flowRuns, { domain: "flow_run" }).given({ type: "LaunchRun", payload: LAUNCH }, ...messages);
type Run = ReturnType<typeof run>;

const intents = (domain: Run): readonly string[] =>
  domain.decisions.flatMap((decision) => decision.intents.map(({ type }) => type));
const shown = (domain: Run) => ({ state: domain.entity("r1")!.state, ...domain.entity("r1")!.data });

describe("a launch", () => {
  it("begins a run, once", () => {
    const domain = run();
    expect(shown(domain)).toMatchObject({ state: "PENDING", path: "p", inputs: { a: 1 }, launched_by: "ann" });
    expect(intents(domain)).toEqual(["process.start"]);
    expect(domain.when({ type: "LaunchRun", payload: LAUNCH }).reason).toBe("it was launched before");
  });

  it.each([
    ["unknown", "FLOW_NOT_FOUND"],
    ["listed", "FLOW_NOT_RUNNABLE"],
  ])("of a flow that is %s is declined", (offered, code) => {
    const domain = testDomain<RunState>(flowRuns, { domain: "flow_run" });
    expect(domain.when({ type: "LaunchRun", payload: { ...LAUNCH, offered } })).toMatchObject({ declined: { code } });
    expect(domain.entity("r1")?.state ?? null).toBeNull();
  });

  it("again, of one that has not ended, is declined with its state", () => {
    const restart = (state: string) => ({
      ...{ type: "RestartRun", payload: { ...LAUNCH, fid: "r2", from: "r1" } },
      door: { caller: { id: "ann" }, loaded: { former: { state } } },
    });
    const domain = run();
    expect(domain.when(restart("locked"))).toMatchObject({
      declined: { code: "WRONG_STATE", details: { state: "locked" } },
    });
    expect(domain.when(restart("error")).events).toMatchObject([{ type: "RunLaunched", payload: { from: "r1" } }]);
  });
});

describe("a report", () => {
  it("that comes twice counts once", () => {
    const domain = run(told("ReportStart", 1, { at: AT }), told("ReportProgress", 2, { progress: 0.5 }));
    expect(domain.when(told("ReportProgress", 2, { progress: 0.1 })).reason).toBe("report 2 was told before");
    expect(shown(domain)).toMatchObject({ started_at: AT, progress: 0.5, reported: 2 });
  });

  it("of the end ends it, with what it has led to, and all that it has started", () => {
    const domain = run(done(1));
    expect(shown(domain)).toMatchObject({ state: "DONE", result: 7, error: null, ended_at: AT });
    expect(intents(domain)).toEqual(["process.start", "process.stop"]);
    for (const late of [failed(2), told("ReportProgress", 3, { progress: 1 }), lock(4, "a")])
      expect(domain.when(late).reason).toBe("the run does not go on");
    expect(shown(run(failed(1)))).toMatchObject({ state: "ERROR", error: { code: "exit" } });
  });

  it("of a run that nobody knows changes nothing", () => {
    const domain = testDomain<RunState>(flowRuns, { domain: "flow_run" });
    expect(domain.when(done(1)).events).toEqual([]);
    expect(domain.entity("r1")?.state ?? null).toBeNull();
  });
});

describe("a lock", () => {
  it("waits for its answer, and the answer is given to the run", () => {
    const domain = run(lock(1, "a"));
    expect(shown(domain)).toMatchObject({ state: "LOCKED", locks: [{ lid: "a", question: "may it?" }] });
    const decision = domain.when(answer("a"));
    expect(decision.events.map(({ type }) => type)).toEqual(["LockAnswered", "RunResumed"]);
    expect(decision.intents).toMatchObject([{ type: "process.answer", payload: { lid: "a", result: "yes" } }]);
    expect(shown(domain)).toMatchObject({ state: "PENDING", locks: [], asks: false });
  });

  it("of two is answered for itself", () => {
    const domain = run(lock(1, "a"), lock(2, "b"), answer("a"));
    expect(shown(domain)).toMatchObject({ state: "LOCKED", locks: [{ lid: "b" }] });
    expect(shown(domain.given(answer("b"))).state).toBe("PENDING");
  });

  it("is answered once, before its question or after it", () => {
    expect(run(lock(1, "a"), answer("a")).when(answer("a"))).toMatchObject({ declined: { code: "LOCK_ANSWERED" } });
    expect(run(answer("a")).when(answer("a"))).toMatchObject({ declined: { code: "LOCK_ANSWERED" } });
  });

  it("whose answer has come before is answered at once", () => {
    const domain = run(answer("a"));
    const decision = domain.when(lock(1, "a"));
    expect(decision.events.map(({ type }) => type)).toEqual(["RunLocked", "LockAnswered", "RunResumed"]);
    expect(shown(domain)).toMatchObject({ state: "PENDING", kept_answers: [], answered: ["a"] });
    expect(intents(domain)).toContain("process.answer");
  });

  it("keeps no more answers than it may", () => {
    const many = Array.from({ length: 16 }, (_, nth) => answer(`l${nth}`));
    expect(run(...many).when(answer("more"))).toMatchObject({ declined: { code: "TOO_MANY_ANSWERS" } });
  });

  it("that is over takes no answer", () => {
    const domain = run(lock(1, "a", AT));
    domain.advance("1s");
    expect(domain.when(answer("a"))).toMatchObject({ declined: { code: "LOCK_EXPIRED" } });
  });

  it("of which nothing more is heard ends the run after eight days", () => {
    const domain = run(lock(1, "a"));
    domain.advance("8d");
    expect(shown(domain)).toMatchObject({ state: "ERROR", error: { code: "lock_expired" }, locks: [] });
    expect(intents(domain)).toContain("process.stop");
  });
});

describe("people", () => {
  it("kill what goes on", () => {
    for (const before of [[], [lock(1, "a")]]) {
      const domain = run(...before, said("KillRun"));
      expect(shown(domain)).toMatchObject({ state: "ERROR", error: { code: "killed", message: "killed by ann" } });
      expect(intents(domain)).toContain("process.stop");
    }
  });

  it.each([
    ["KillRun", done(1), "done"],
    ["KillRun", failed(1), "error"],
    ["AcknowledgeRun", lock(1, "a"), "locked"],
    ["DeleteRun", lock(1, "a"), "locked"],
    ["AnswerLock", done(1), "done"],
  ])("%s in a wrong state are told which it is", (type, before, state) => {
    const more = type === "AnswerLock" ? { lid: "a", result: 1 } : {};
    expect(run(before).when(said(type, more))).toMatchObject({ declined: { code: "WRONG_STATE", details: { state } } });
  });

  it("acknowledge and delete what has ended, which is not there then", () => {
    const domain = run(done(1), said("AcknowledgeRun"));
    expect(shown(domain)).toMatchObject({ state: "DONE", acknowledged: { by: "ann" } });
    expect(domain.when(said("AcknowledgeRun")).reason).toBe("it was acknowledged before");
    domain.given(said("DeleteRun"));
    expect(intents(domain).at(-1)).toBe("process.forget");
    expect(domain.rows("runs")).toEqual([]);
    for (const type of ["KillRun", "AcknowledgeRun", "DeleteRun"])
      expect(domain.when(said(type))).toMatchObject({ declined: { code: "RUN_NOT_FOUND" } });
  });
});

describe("a run of which nothing is heard", () => {
  it("has failed after a month", () => {
    const domain = run();
    domain.advance("30d");
    expect(shown(domain)).toMatchObject({ state: "ERROR", error: { code: "timeout" } });
  });
});
