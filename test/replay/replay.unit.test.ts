import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { EntitySnapshot, EventLine, JournalLine, StepLine } from "../../runtime/core/journal.ts";
import { anyStimulus } from "../registration/any-stimulus.ts";
import {
  acked,
  confirmed,
  deadlinePassed,
  deregistered,
  failed,
  heartbeat,
  introspected,
  later,
  published,
} from "../registration/stimuli.ts";
import { shippedDomain } from "../registration/shipped-domain.ts";
import { type Happening, recorded, replayed } from "./registration/recorded-history.ts";

const RUNS = Number(process.env["ROLLCALL_PROPERTY_RUNS"] ?? 300);
const DAY_MS = 86_400_000;

const anyTurn = fc.constantFrom(0, 1_000, DAY_MS / 2, DAY_MS, 3 * DAY_MS).map((turnAfterMs) => ({ turnAfterMs }));
const anyHappening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 5, arbitrary: anyStimulus },
  { weight: 1, arbitrary: anyTurn },
  { weight: 1, arbitrary: fc.constantFrom("consul.register", "consul.deregister").map((ends) => ({ ends })) },
);

describe("a journal that the shell wrote", () => {
  it("is reproduced byte for byte, whatever happened, and from the beginning of any of its days on", () => {
    const seen = { steps: 0, events: 0, intents: 0, quiet: 0, days: 0, ends: 0 };
    fc.assert(
      fc.property(fc.array(anyHappening, { minLength: 5, maxLength: 60, size: "max" }), (happenings) => {
        const { lines, stored, world } = recorded(happenings);
        const { found, reasons, reworded, steps, events, intents, states } = replayed(lines, stored);
        expect(found).toEqual([]);
        expect(reworded).toBe(0);
        expect(reasons).toEqual([]);
        expect([events, intents]).toEqual([world.events.length, world.intents.length]);
        expect(states).toBe(stored.length);
        seen.steps += steps;
        seen.events += events;
        seen.intents += intents;
        seen.quiet += world.past.length - steps;
        seen.ends += lines.filter(({ kind }) => kind === "end").length;
        const begins = lines.filter(({ at }, index) => index > 0 && dayOf(lines[index - 1]) < at.slice(0, 10));
        for (const { seq } of begins) {
          seen.days++;
          const rest = replayed(lines.slice(seq - 1), stored);
          expect(rest).toMatchObject({ found: [], reasons: [], reworded: 0, notCompared: 0, states: stored.length });
        }
      }),
      { numRuns: RUNS },
    );
    // Otherwise the test would prove nothing.
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(100);
  }, 300_000);
});

describe("a journal that code with a lower stateVersion wrote", () => {
  const past: readonly Happening[] = [
    introspected("a1", { epoch: 1 }),
    confirmed("consul"),
    confirmed("postgres"),
    published("NodeRegistrationAccepted"),
    acked("a1"),
    { turnAfterMs: DAY_MS },
    deregistered("moved"),
  ];
  const { lines, stored } = recorded(past);
  const lastDay = lines.slice(lines.findIndex(({ before }) => before !== undefined));

  it("is repeated by the higher one's, from a day on that begins with what the lower one stored", () => {
    const younger = { ...shippedDomain, stateVersion: 2, upcast: (data: object) => ({ note: "from before", ...data }) };
    expect(replayed(lastDay, stored, younger)).toMatchObject({ found: [], reasons: [], states: 1 });
  });

  it("is not repeated where its data can't be read, and that is said", () => {
    const stricter = { ...shippedDomain, stateVersion: 2, upcast: () => ({ failures: 5 }) };
    const { reasons } = replayed(lastDay, stored, stricter);
    expect(reasons).toEqual([expect.stringMatching(/^its data can't be read: \/failures: /)]);
  });
});

const dayOf = (line: JournalLine | undefined): string => line?.at.slice(0, 10) ?? "";

const LIFE: readonly Happening[] = [
  introspected("a1", { epoch: 1 }),
  confirmed("consul"),
  confirmed("postgres"),
  published("NodeRegistrationAccepted"),
  acked("a1"),
  later(5_000),
  heartbeat(),
  later(5_000),
  { turnAfterMs: DAY_MS },
  introspected("a2", { epoch: 1, node_version: "2.0.0" }),
  failed("consul"),
  deadlinePassed("liveness"),
  { turnAfterMs: DAY_MS },
  { ends: "consul.deregister" },
  introspected("a3", { epoch: 2 }),
  deregistered("moved"),
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

const { lines, stored } = recorded(LIFE);
const isStep = (line: JournalLine): line is JournalLine<StepLine> => line.kind === "message";
const isEvent = (line: JournalLine): line is JournalLine<EventLine> => line.kind === "event";

describe("a difference", () => {
  const LINK = ["prev", "prev_day", "before"];
  const NAMES = ["type", "id", "correlation_id", "attempt_id"];
  // Inputs, the times and places of turns, and the version of their code are taken as recorded; all else is compared.
  const VERIFIED: Readonly<Record<string, readonly string[]>> = {
    message: [...LINK, "armed", "result", "moves", "state", "reducer_state", "attempt_id"],
    event: [...LINK, ...NAMES, "topic", "value"],
    intent: [...LINK, ...NAMES, "target", "version", "payload"],
    end: [...LINK, ...NAMES, "target"],
  };
  const places = lines.flatMap((line, index) =>
    leavesOf(line)
      .filter(([name, part]) => VERIFIED[line.kind]?.includes(String(name)) && part !== "state_version")
      .map((path) => ({ name: `${index} ${line.kind} ${path.join(".")}`, index, path })),
  );

  it("is not found in an unchanged journal", () => {
    expect(replayed(lines, stored)).toMatchObject({ differences: 0, incomplete: 0, states: 1, notCompared: 0 });
    expect(places.length).toBeGreaterThan(300);
    for (const name of ["prev_day", "before.intents", "before.deadlines"])
      expect(places.some(({ path }) => path.join(".").startsWith(name))).toBe(true);
    expect(new Set(lines.map(({ kind }) => kind))).toEqual(new Set(Object.keys(VERIFIED)));
  });

  it("in any field that the core decides is found, and its line is reported first", () => {
    const missed = places.filter(({ index, path }) => {
      const line = planted(lines[index] as JournalLine, path);
      const [first] = replayed(lines.with(index, line), stored).found;
      if (!first || first.seq !== line.seq || first.follows) return true;
      return JSON.stringify(first.recorded) === JSON.stringify(first.replayed);
    });
    expect(missed.map(({ name }) => name)).toEqual([]);
  });

  const steps = lines.flatMap((line, index) => (isStep(line) ? [{ line, index }] : []));

  it("only in the wording of a reason is counted, and not reported", () => {
    for (const { line, index } of steps)
      expect(replayed(lines.with(index, planted(line, ["reason"])), stored)).toMatchObject({
        ...{ differences: 0, found: [], incomplete: 0, reworded: 1 },
      });
    const all = lines.map((line) => (isStep(line) ? planted(line, ["reason"]) : line));
    expect(replayed(all, stored)).toMatchObject({ differences: 0, reworded: steps.length });
  });

  it("besides the wording of a reason is found, and both are reported", () => {
    for (const { line, index } of steps) {
      const { found, reworded } = replayed(lines.with(index, planted(planted(line, ["reason"]), ["state"])), stored);
      expect(found.map(({ field }) => field)).toEqual(["reason", "state"]);
      expect(reworded).toBe(0);
    }
  });

  it("in a note is ignored, because what an effect answered is an input", () => {
    for (const { line, index } of steps)
      if (line.note !== undefined)
        expect(replayed(lines.with(index, planted(line, ["note"])), stored)).toMatchObject({
          ...{ differences: 0, reworded: 0 },
        });
    expect(steps.some(({ line }) => line.note !== undefined)).toBe(true);
  });

  it("has the recorded and the replayed value", () => {
    const line = lines.filter(isEvent).find(({ type }) => type === "NodeBecameActive") as JournalLine<EventLine>;
    const value = line.value.replace('"node_type":"effect"', '"node_type":"reducer"');
    const [first, ...others] = replayed(lines.with(line.seq - 1, { ...line, value }), stored).found;
    expect(first).toMatchObject({
      entityId: "n1",
      seq: line.seq,
      type: "NodeBecameActive",
      field: "event.value.payload.node_type",
      recorded: "reducer",
      replayed: "effect",
      follows: false,
    });
    expect(others).toEqual([]);
  });

  it("only of white space in an event's bytes is found", () => {
    const line = lines.find(isEvent) as JournalLine<EventLine>;
    const { found } = replayed(lines.with(line.seq - 1, { ...line, value: `${line.value} ` }));
    expect(found).toMatchObject([{ field: "event.value", replayed: line.value }]);
  });

  it("by a line that is lost, comes twice, or too early is found, whatever the line is", () => {
    for (const [index, line] of lines.entries()) {
      const isLast = index === lines.length - 1;
      const { differences, incomplete } = replayed(lines.toSpliced(index, 1), stored);
      // That there was a last one is told by the stored row alone.
      if (!isLast) expect(differences + incomplete, `without line ${line.seq}`).toBeGreaterThan(0);
      expect(replayed(lines.toSpliced(index, 0, line)).differences, `line ${line.seq} twice`).toBeGreaterThan(0);
      const next = lines[index + 1];
      const swapped = next ? replayed(lines.with(index, next).with(index + 1, line)) : undefined;
      if (swapped) expect(swapped.differences + swapped.incomplete, `line ${line.seq} late`).toBeGreaterThan(0);
    }
  });

  it.each(["event", "intent"] as const)("names the %s that is missing, or that nothing led to", (kind) => {
    const index = lines.findIndex((line) => line.kind === kind);
    const without = replayed(lines.toSpliced(index, 1)).found.filter(({ field }) => field === kind);
    expect(without).toMatchObject([{ recorded: null }]);
    const last = lines.findLastIndex((line, place) => line.kind === kind && lines[place + 1]?.kind === "message");
    const twice = replayed(lines.toSpliced(last, 0, lines[last] as JournalLine)).found;
    expect(twice.filter(({ field }) => field === kind)).toMatchObject([{ replayed: null }]);
  });

  it("in a deadline is found when no unjournaled renewal can explain it", () => {
    const { index, line } = steps.findLast(
      ({ line: { armed } }) => armed?.["liveness"]?.renewedAt,
    ) as (typeof steps)[0];
    const seen = (liveness: { at: number; renewedAt: number }) =>
      replayed(
        lines.slice(0, index).concat({ ...line, armed: { liveness }, before: undefined, prev_day: undefined }),
      ).found.filter(({ field }) => field.startsWith("armed"));
    const { at: due, renewedAt } = line.armed?.["liveness"] as { at: number; renewedAt: number };
    expect(seen({ at: due, renewedAt })).toEqual([]);
    expect(seen({ at: due + 1_000, renewedAt: renewedAt + 999 })).not.toEqual([]);
    expect(seen({ at: due - 20_000, renewedAt: renewedAt - 20_000 })).not.toEqual([]);
  });

  it("can't be found without the contracts or the first steps: the entity is incomplete", () => {
    const unknown = lines.map((line) => ({ ...line, contract_hash: "0".repeat(64) }));
    expect(replayed(unknown)).toMatchObject({
      incomplete: 1,
      steps: 0,
      reasons: [expect.stringContaining("000000000000 are not there")],
    });
    expect(replayed(lines.slice(4))).toMatchObject({
      incomplete: 1,
      reasons: [expect.stringContaining("does not begin")],
    });
  });
});

describe("a stored entity", () => {
  const [entity] = stored as [EntitySnapshot];

  it("that differs from the replayed one is found", () => {
    const compared = leavesOf(entity).filter(
      ([name]) => !["partition", "entity_id", "last_line"].includes(String(name)),
    );
    const missed = compared.filter((path) => replayed(lines, [planted(entity, path)]).differences === 0);
    expect(missed).toEqual([]);
    expect(replayed(lines, [{ ...entity, last_line: entity.last_line - 1 }]).found).toMatchObject([
      { field: "entity.last_line" },
    ]);
  });

  it("that has moved on since its lines were read is counted, and not compared", () => {
    const moved = { ...entity, state: "ELSEWHERE", last_line: entity.last_line + 1 };
    expect(replayed(lines, [moved])).toMatchObject({ differences: 0, states: 0, notCompared: 1 });
  });

  it("of which there are no lines is counted, and not compared", () => {
    const other = { ...entity, entity_id: "n2" };
    expect(replayed(lines, [entity, other])).toMatchObject({ differences: 0, states: 1, notCompared: 1, entities: 1 });
  });

  it("is compared when the lines of another partition come next", () => {
    const elsewhere = lines.map((line) => ({ ...line, partition: 1 }));
    const { differences, states, entities } = replayed([...lines, ...elsewhere], stored);
    expect([differences, states, entities]).toEqual([0, 0, 2]);
    const all = replayed(elsewhere, [{ ...entity, partition: 1 }]);
    expect([all.differences, all.states]).toEqual([0, 1]);
  });
});
