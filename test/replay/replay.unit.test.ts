import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JournalRow, StepRecord, EntitySnapshot } from "../../runtime/core/journal.ts";
import { Replay, type ReplayCounts, type ReplayDifference } from "../../runtime/replay/replay.ts";
import { toRfc3339 } from "../../runtime/core/time.ts";
import { anyStimulus } from "../registration/any-stimulus.ts";
import { shippedDomain } from "../registration/shipped-domain.ts";
import {
  acked,
  confirmed,
  deadlinePassed,
  failed,
  heartbeat,
  introspected,
  later,
  published,
  type Stimulus,
} from "../registration/stimuli.ts";
import { World } from "../registration/world.ts";
import { journalOf } from "./written-journal.ts";

const RUNS = Number(process.env["ROLLCALL_PROPERTY_RUNS"] ?? 300);

interface Verdict extends ReplayCounts {
  readonly found: readonly ReplayDifference[];
  readonly reasons: readonly string[];
}

function replayed(rows: readonly JournalRow[], stored?: EntitySnapshot, domain = shippedDomain): Verdict {
  const found: ReplayDifference[] = [];
  const reasons: string[] = [];
  const contracts = new Map([[domain.contractHash, domain]]);
  const replay = new Replay(contracts, {
    difference: (difference) => found.push(difference),
    incomplete: (_, reason) => reasons.push(reason),
  });
  for (const row of rows) replay.addRow(row);
  if (stored) replay.addSnapshot(stored);
  return { ...replay.end(), found, reasons };
}

/** A history and its entity. Outcomes come only for intents that were requested, as in the shell. */
function recorded(stimuli: readonly Stimulus[]): {
  rows: JournalRow[];
  stored: EntitySnapshot | undefined;
  world: World;
} {
  let world = new World();
  const open = new Set<string>();
  for (const stimulus of stimuli) {
    const happens = stimulus(world);
    if ("later" in happens) world = world.later(happens.later);
    else if (happens.kind !== "outcome" || open.delete(happens.intentId ?? "")) {
      world = world.take(happens);
      for (const { id } of world.past.at(-1)?.decision.intents ?? []) open.add(id);
    }
  }
  const rows = journalOf(
    shippedDomain,
    world.past.map(({ message }) => message),
    world.now,
  );
  const { entity } = world;
  const stored =
    entity &&
    (JSON.parse(
      JSON.stringify({
        entity_id: entity.id,
        state: entity.state,
        reducer_state: entity.reducerState,
        seq: entity.seq,
        attempt: entity.attempt,
        data: entity.data,
        deadlines: entity.deadlines,
        state_since: toRfc3339(entity.stateSince),
      }),
    ) as EntitySnapshot);
  return { rows: JSON.parse(JSON.stringify(rows)) as JournalRow[], stored, world };
}

describe("a journal that the shell wrote", () => {
  it("is reproduced byte for byte, whatever happened", () => {
    const seen = { steps: 0, events: 0, intents: 0, quiet: 0 };
    fc.assert(
      fc.property(fc.array(anyStimulus, { minLength: 5, maxLength: 60, size: "max" }), (stimuli) => {
        const { rows, stored, world } = recorded(stimuli);
        const { found, reasons, reworded, steps, events, intents, states } = replayed(rows, stored);
        expect(found).toEqual([]);
        expect(reworded).toBe(0);
        expect(reasons).toEqual([]);
        expect([events, intents]).toEqual([world.events.length, world.intents.length]);
        expect(states).toBe(stored && rows.length > 0 ? 1 : 0);
        seen.steps += steps;
        seen.events += events;
        seen.intents += intents;
        seen.quiet += world.past.length - steps;
      }),
      { numRuns: RUNS },
    );
    // Otherwise the test would prove nothing.
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(100);
  }, 300_000);
});

const LIFE: readonly Stimulus[] = [
  introspected("a1", { epoch: 1 }),
  confirmed("consul"),
  confirmed("postgres"),
  published("NodeRegistrationAccepted"),
  acked("a1"),
  later(5_000),
  heartbeat(),
  later(5_000),
  introspected("a2", { epoch: 1, node_version: "2.0.0" }),
  failed("consul"),
  deadlinePassed("liveness"),
  introspected("a3", { epoch: 2 }),
];

type Path = readonly (string | number)[];
const at = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>((inner, key) => (inner as Record<string | number, unknown>)[key], value);

function leavesOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [path];
  return Object.entries(value).flatMap(([key, inner]) =>
    leavesOf(inner, [...path, Array.isArray(value) ? Number(key) : key]),
  );
}

/** The value with a changed leaf at the place, of the same type if the type has another value. */
function planted<Value>(value: Value, path: Path): Value {
  const copy = structuredClone(value);
  const [last, inner] = [path.at(-1) ?? "", at(copy, path.slice(0, -1)) as Record<string | number, unknown>];
  const was = inner[last];
  inner[last] =
    typeof was === "number" ? was + 1 : typeof was === "boolean" ? !was : typeof was === "string" ? `${was}x` : "x";
  return copy;
}

describe("a difference", () => {
  const { rows, stored } = recorded(LIFE);
  // Inputs, and the times and places of turns, are taken as recorded; everything else is compared.
  const VERIFIED: Readonly<Record<string, readonly string[]>> = {
    message: ["attempt_id", "body.before", "body.decision"],
    event: ["type", "message_id", "correlation_id", "attempt_id", "topic", "key", "value"],
  };
  const isVerified = ({ kind }: JournalRow, path: Path): boolean =>
    VERIFIED[kind]?.some((start) => path.join(".").startsWith(start)) === true && path.at(-1) !== "reason";
  const places = rows.flatMap((row, index) =>
    leavesOf(row)
      .filter((path) => isVerified(row, path))
      .map((path) => ({ name: `${index} ${row.type} ${path.join(".")}`, index, path })),
  );

  it("is not found in an unchanged journal", () => {
    expect(replayed(rows, stored)).toMatchObject({ differences: 0, incomplete: 0, states: 1 });
    expect(places.length).toBeGreaterThan(200);
  });

  it("in any field that the core decides is found, and its step is reported first", () => {
    const missed = places.filter(({ index, path }) => {
      const row = planted(rows[index] as JournalRow, path);
      const { found } = replayed(rows.with(index, row), stored);
      const first = found[0];
      return (
        !first ||
        first.seq !== row.seq ||
        first.follows ||
        JSON.stringify(first.recorded) === JSON.stringify(first.replayed)
      );
    });
    expect(missed.map(({ name }) => name)).toEqual([]);
  });

  const steps = rows.flatMap((row, index) => (row.kind === "message" ? [{ row, index }] : []));
  const REASON = ["body", "decision", "reason"];
  const STATE = ["body", "decision", "state"];

  it("only in the wording of a reason is counted, and not reported", () => {
    for (const { row, index } of steps)
      expect(replayed(rows.with(index, planted(row, REASON)), stored)).toMatchObject({
        ...{ differences: 0, found: [], incomplete: 0, reworded: 1 },
      });
    const all = rows.map((row) => (row.kind === "message" ? planted(row, REASON) : row));
    expect(replayed(all, stored)).toMatchObject({ differences: 0, reworded: steps.length });
  });

  it("besides the wording of a reason is found, and both are reported", () => {
    for (const { row, index } of steps) {
      const { found, reworded } = replayed(rows.with(index, planted(planted(row, REASON), STATE)), stored);
      expect(found.map(({ field }) => field)).toEqual(["decision.reason", "decision.state"]);
      expect(reworded).toBe(0);
    }
  });

  it("in a note is ignored, because what an effect answered is an input", () => {
    for (const { row, index } of steps)
      if ((row.body as StepRecord).note !== undefined)
        expect(replayed(rows.with(index, planted(row, ["body", "note"])), stored)).toMatchObject({
          ...{ differences: 0, reworded: 0 },
        });
    expect(steps.some(({ row }) => (row.body as StepRecord).note !== undefined)).toBe(true);
  });

  it("in the stored entity is found", () => {
    const missed = leavesOf(stored).filter(
      (path) => path[0] !== "entity_id" && replayed(rows, planted(stored, path)).differences === 0,
    );
    expect(missed).toEqual([]);
  });

  it("has the recorded and the replayed value", () => {
    const index = rows.findIndex(({ type, kind }) => kind === "event" && type === "NodeBecameActive");
    const row = rows[index] as JournalRow;
    const value = String(row.value).replace('"node_type":"effect"', '"node_type":"reducer"');
    const [first, ...others] = replayed(rows.with(index, { ...row, value }), stored).found;
    expect(first).toMatchObject({
      entityId: "n1",
      seq: row.seq,
      type: "NodeBecameActive",
      field: "event.value.payload.node_type",
      recorded: "reducer",
      replayed: "effect",
      follows: false,
    });
    expect(others).toEqual([]);
  });

  it("only of white space in an event's bytes is found", () => {
    const index = rows.findIndex(({ kind }) => kind === "event");
    const row = rows[index] as JournalRow;
    const { found } = replayed(rows.with(index, { ...row, value: `${String(row.value)} ` }));
    expect(found).toMatchObject([{ field: "event.value", replayed: row.value }]);
  });

  it.each([
    [
      "a lost step that led to events",
      ({ kind, body }: JournalRow) => kind === "message" && (body as StepRecord).decision.events.length > 0,
    ],
    ["a lost event", ({ kind }: JournalRow) => kind === "event"],
  ])("by %s is found", (_, isMeant) => {
    for (const [index, row] of rows.entries())
      if (isMeant(row)) {
        const { differences, incomplete } = replayed(rows.toSpliced(index, 1), stored);
        expect(differences + incomplete, `without row ${index}`).toBeGreaterThan(0);
      }
  });

  it("is found when there is one event too many, or when two are swapped", () => {
    const index = rows.findIndex(({ type, kind }) => kind === "event" && type === "NodeBecameActive");
    const [before, event] = [rows[index - 1] as JournalRow, rows[index] as JournalRow];
    expect(replayed(rows.toSpliced(index, 0, event)).differences).toBeGreaterThan(0);
    expect(replayed(rows.with(index - 1, event).with(index, before)).differences).toBeGreaterThan(0);
  });

  it("in a deadline is found when no unjournaled renewal can explain it", () => {
    const index = rows.findIndex(
      ({ type, kind, body }) =>
        kind === "message" && type === "NodeIntrospectionEvent" && (body as StepRecord).before?.state === "ACTIVE",
    );
    const row = rows[index] as JournalRow;
    const { before } = row.body as { before: NonNullable<StepRecord["before"]> };
    const seen = (liveness: object) =>
      replayed(
        rows.with(index, { ...row, body: { ...(row.body as object), before: { ...before, deadlines: { liveness } } } }),
        stored,
      ).found;
    const { at: due, renewedAt } = before.deadlines["liveness"] as { at: number; renewedAt: number };
    expect(seen({ at: due, renewedAt })).toEqual([]);
    expect(seen({ at: due + 1_000, renewedAt: renewedAt + 999 })[0]).toMatchObject({
      field: expect.stringMatching(/^before.deadlines.liveness/),
    });
    expect(seen({ at: due - 20_000, renewedAt: renewedAt - 20_000 })).not.toEqual([]);
  });

  it("can't be found without the contracts or the first steps: the entity is incomplete", () => {
    const unknown = rows.map((row) => ({ ...row, contract_hash: "0".repeat(64) }));
    expect(replayed(unknown)).toMatchObject({
      incomplete: 1,
      steps: 0,
      reasons: [expect.stringContaining("000000000000 are not there")],
    });
    expect(replayed(rows.slice(4))).toMatchObject({
      incomplete: 1,
      reasons: [expect.stringContaining("does not begin")],
    });
  });
});
