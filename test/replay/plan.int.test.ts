import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { runPlan } from "../../app/journal/plan-report.ts";
import { parseExportedLine, type ExportedLine } from "../../app/journal/exported-line.ts";
import { withoutBackends } from "../../effects/backends.ts";
import { registrationOn } from "../../app/modules/registration/module.ts";
import { compileDomain } from "../../runtime/contract/compile/compile-domain.ts";
import { validateDomain } from "../../runtime/contract/checks/validate.ts";
import type { Domain } from "../../runtime/core/domain.ts";
import { createPlanner, type PlannedOutcome } from "../../runtime/replay/plan.ts";
import type { Edit } from "../blackbox/contracts-copy.ts";
import { contractsCopy, deadlinesOf } from "../blackbox/registration/contracts-copy.ts";
import { shippedDomain } from "../registration/shipped-domain.ts";
import { SCENARIOS } from "./registration/scenarios.ts";

function edited(...edits: readonly Edit[]): Domain {
  const copy = contractsCopy(...edits);
  const { model, diagnostics } = validateDomain(copy.dir, registrationOn(withoutBackends));
  copy.remove();
  if (!model) throw new Error(diagnostics.map(({ message }) => message).join("; "));
  return compileDomain(model, { env: "dev", namespace: "" });
}

const linesOf = (name: string): ExportedLine[] =>
  readFileSync(new URL(`fixtures/${name}.ndjson`, import.meta.url), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => parseExportedLine(JSON.parse(line)) as ExportedLine);

/** The plan's results for a recorded history. @param from how much of its beginning is before the plan, ms */
const planned = (name: string, domain: Domain, from = 0): readonly PlannedOutcome[] =>
  plannedOf(linesOf(name), domain, from);

function plannedOf(lines: readonly ExportedLine[], domain: Domain, from: number): readonly PlannedOutcome[] {
  const hashes = lines.flatMap((line) => (line.line === "row" ? [line.contract_hash] : []));
  const head = lines[0] as Extract<ExportedLine, { line: "journal" }>;
  const ends: PlannedOutcome[] = [];
  const planner = createPlanner(
    new Map(hashes.map((hash) => [hash, shippedDomain])),
    domain,
    { sinceMs: Date.parse("2026-01-01T00:00:00Z") + from, untilMs: Date.parse(head.read_at) },
    { result: (end) => ends.push(end), incomplete: (id, reason) => expect.fail(`${id}: ${reason}`) },
  );
  for (const line of lines)
    if (line.line === "row") planner.addLine(line);
    else if (line.line === "entity") planner.addSnapshot(line);
  planner.end();
  return ends;
}

const ACK_10S = edited(["orchestrator", "name: ack, after: 30s", "name: ack, after: 10s"]);
const ACK_60S = edited(["orchestrator", "name: ack, after: 30s", "name: ack, after: 60s"]);

describe("a plan", () => {
  // The scenario that changes its contract itself does not run under one contract.
  it.each(Object.keys(SCENARIOS).filter((name) => name !== "the-contract-changes"))(
    "with the contract that ran changes nothing of %s",
    (name) => {
      for (const end of planned(name, shippedDomain))
        expect(end).toMatchObject({ verdict: "same", first: null, unknown: null });
    },
  );

  it("times out a node that answered after the shorter deadline, and reports the step", () => {
    expect(planned("ack-after-twenty-seconds", ACK_10S)).toMatchObject([
      {
        verdict: "otherwise",
        recorded: ["ACTIVE"],
        planned: ["ACK_TIMED_OUT"],
        first: {
          type: "deadline(ack)",
          recorded: null,
          planned: { state: "ACK_TIMED_OUT", events: ["NodeRegistrationAckTimedOut"] },
        },
      },
    ]);
    expect(planned("happy-path", ACK_10S)).toMatchObject([{ verdict: "same" }]);
  });

  it("takes an ACK that is late only for the recorded deadline, when the planned one is longer", () => {
    expect(planned("ack-never", ACK_60S)).toMatchObject([
      { verdict: "otherwise", recorded: ["ACK_TIMED_OUT"], planned: ["AWAITING_ACK"], first: { planned: null } },
    ]);
    expect(planned("ack-after-the-deadline", ACK_60S)).toMatchObject([
      { verdict: "otherwise", recorded: ["ACK_TIMED_OUT"], planned: ["ACTIVE"] },
    ]);
  });

  it("is unknown when an ACK came within two seconds of the deadline", () => {
    const ACK_19S = edited(["orchestrator", "name: ack, after: 30s", "name: ack, after: 19s"]);
    expect(planned("ack-after-twenty-seconds", ACK_19S)).toMatchObject([
      { verdict: "unknown", unknown: expect.stringContaining("either could have come first") },
    ]);
  });

  it("is unknown only where the result depends on heartbeats, which are not journaled", () => {
    const LIVENESS_5S = edited(...deadlinesOf("30s", "5s"));
    expect(planned("heartbeats-keep-it-active", LIVENESS_5S)).toMatchObject([
      { verdict: "unknown", unknown: expect.stringContaining("hangs on NodeHeartbeatEvent, which is not journaled") },
    ]);
    // It stayed active with 30 s, so it does with 60 s.
    expect(planned("heartbeats-keep-it-active", edited(...deadlinesOf("30s", "60s")))).toMatchObject([
      { verdict: "same" },
    ]);
    // No heartbeat came at all: the deadline that a step saw was never renewed.
    expect(planned("introspects-again-while-active", edited(...deadlinesOf("30s", "15s")))).toMatchObject([
      {
        verdict: "otherwise",
        recorded: ["ACTIVE"],
        planned: ["LIVENESS_EXPIRED", "PENDING_REGISTRATION"],
        unknown: expect.stringContaining("never asked for it"),
      },
    ]);
    expect(planned("silence-expires-it", edited(...deadlinesOf("30s", "90s")))).toMatchObject([
      { verdict: "otherwise", recorded: ["LIVENESS_EXPIRED"], planned: ["ACTIVE"] },
    ]);
  });

  it("is unknown when it depends on an effect that was not called", () => {
    const REFRESH_REGISTERS = edited([
      "orchestrator",
      "- { current_state: ACTIVE, action: refresh_if_changed, output_events: [NodeUpdated] }",
      '- { current_state: ACTIVE, when: "node_version != state.node.node_version or endpoints is_present", ' +
        "action: emit_registration_initiated, output_events: [NodeRegistrationInitiated] }\n        - { " +
        "current_state: ACTIVE, action: refresh_if_changed, output_events: [NodeUpdated] }",
    ]);
    expect(planned("endpoints-change-while-active", REFRESH_REGISTERS)).toMatchObject([
      { verdict: "unknown", unknown: expect.stringContaining("the recorded run never asked for it") },
    ]);
  });

  it("keeps deadlines that are armed when it begins, and arms the next ones with the new length", () => {
    // The ACK's deadline was armed before the plan begins, so it keeps its time.
    expect(planned("ack-after-twenty-seconds", ACK_10S, 10_000)).toMatchObject([{ verdict: "same" }]);
  });

  it("takes what was published in its window as it was, when the event is older", () => {
    const published = linesOf("happy-path").findIndex((line) => "type" in line && line.type?.startsWith("published("));
    const lines = linesOf("happy-path").map((line, index) =>
      line.line === "row" && index >= published ? { ...line, at: "2026-01-01T00:00:10.000Z" } : line,
    );
    expect(plannedOf(lines, ACK_60S, 5_000)).toMatchObject([{ verdict: "same", first: null }]);
  });

  it("of a day needs no lines from before it", () => {
    const lines = linesOf("goes-on-on-the-next-day");
    const ofDay = lines.filter((line) => line.line !== "row" || line.at >= "2026-01-02");
    expect(ofDay.length).toBeLessThan(lines.length - 10);
    const EDITED = [shippedDomain, ACK_10S, edited(...deadlinesOf("30s", "5s"))];
    for (const domain of EDITED) {
      const whole = plannedOf(lines, domain, 86_400_000);
      expect(whole).toHaveLength(2);
      expect(plannedOf(ofDay, domain, 86_400_000)).toEqual(whole);
    }
  });

  it("ends with the last line that was read of an entity that has moved on since", () => {
    const lines = linesOf("heartbeats-keep-it-active").slice(0, -1);
    const active = lines.findLast((line) => "type" in line && line.type === "NodeBecameActive");
    const upToThere = lines.slice(0, lines.indexOf(active as ExportedLine) + 1);
    const [, row] = lines as [ExportedLine, Extract<ExportedLine, { line: "row" }>];
    const moved: ExportedLine = {
      ...{ line: "entity", partition: row.partition, entity_id: "n1", state: "ACTIVE", reducer_state: "complete" },
      ...{ seq: 9, attempt: { number: 1, id: "", correlationIds: [], awaiting: [] }, data: {}, deadlines: {} },
      ...{ state_since: row.at, last_line: 99 },
    };
    expect(plannedOf([...upToThere, moved], edited(...deadlinesOf("30s", "5s")), 0)).toMatchObject([
      { verdict: "same", recorded: ["ACTIVE"], planned: ["ACTIVE"] },
    ]);
  });

  it("names a state that the edited contract lacks", () => {
    const RENAMED = edited(["orchestrator", "AWAITING_ACK", "WAITING_FOR_ACK"]);
    expect(planned("ack-after-twenty-seconds", RENAMED, 10_000)).toMatchObject([
      { verdict: "unknown", unknown: expect.stringContaining("no state AWAITING_ACK") },
    ]);
  });
});

describe("a plan of code with another stateVersion", () => {
  const trialOf = async (edited: Domain) => {
    const [head, ...lines] = linesOf("happy-path");
    const journal = {
      head: head as Extract<ExportedLine, { line: "journal" }>,
      ...{ contracts: new Map([[shippedDomain.contractHash, shippedDomain]]), fallback: edited, problems: [] },
      entityHistories: historyOf(lines),
    };
    return (await runPlan(journal, edited, 24 * 365)).trial;
  };

  it("says which stored entities it can't read, and where", async () => {
    const stricter = { ...shippedDomain, stateVersion: 2, upcast: () => ({ failures: [{ backend: 3 }] }) };
    expect(await trialOf(stricter)).toMatchObject({
      ...{ stored: 1, edited: 2, tried: 1, unreadable: 1 },
      found: [{ entityId: "n1", pointer: "/failures/0/backend" }],
    });
  });

  it("says that it can read them all, and nothing where the version is the same", async () => {
    const younger = { ...shippedDomain, stateVersion: 2 };
    expect(await trialOf(younger)).toEqual({ stored: 1, edited: 2, tried: 1, unreadable: 0, found: [] });
    expect(await trialOf(shippedDomain)).toBeNull();
  });

  it("knows not how an entity goes on that it can't read", () => {
    const stricter = { ...shippedDomain, stateVersion: 2, upcast: () => ({ failures: 5 }) };
    expect(planned("ack-after-twenty-seconds", stricter, 10_000)).toMatchObject([
      { verdict: "unknown", unknown: expect.stringContaining("can't be read: /failures") as string },
    ]);
  });
});

async function* historyOf(lines: readonly ExportedLine[]) {
  for (const line of lines) if (line.line === "row" || line.line === "entity") yield await Promise.resolve(line);
}
