import { fileURLToPath } from "node:url";
import { DeskRelease, DeskReserve, runsCode, runsFolder } from "../../contract/runs-domain.ts";
import { judgeAtRest } from "../../promises/at-rest.ts";
import { EntityHistory, type Protocol } from "../../promises/entity-history.ts";
import { Judge } from "../../promises/judge.ts";
import type { ObservedSystem } from "../checks/observed-system.ts";
import { Sender } from "../sender.ts";
import type { DomainChecks, SimulatedDomain } from "../simulated-domain.ts";
import { schemasIn } from "../sql/schema.ts";
import { catalogueEffect, compiledToy, entryOf, topicOf, withEffects } from "./compiled-toy.ts";

const PERIOD_MS = 30_000;
const RUNS = compiledToy(runsFolder, runsCode(), [["runs", "after: 10m", `after: ${PERIOD_MS}ms`]]);
const TOPIC = topicOf(RUNS, "StartRun");
const reserved = { type: "DeskReserved", payload: {} };

const PROTOCOL: Protocol = {
  attemptField: "attempt_id",
  begins: { type: "RunStarted", to: "STARTING" },
  follows: {
    RunWaits: { from: ["STARTING"], to: "WAITING" },
    RunDone: { from: ["WAITING"], to: "DONE" },
    RunFailed: { from: ["STARTING", "WAITING"], to: "FAILED" },
  },
  ended: ["DONE", "FAILED"],
  underWay: ["STARTING"],
  promisedBy: [],
  firings: [],
};

class RunJudge extends Judge<EntityHistory> {
  protected newHistory(id: string): EntityHistory {
    return new EntityHistory(id, PROTOCOL);
  }
  protected judge(): void {}
}

/** Runs that come to their end once, and are written to after it. */
export const domain: SimulatedDomain = {
  name: RUNS.name,
  domainOn: (registry, _sql, hash) =>
    withEffects(
      RUNS,
      [
        catalogueEffect(DeskReserve, registry, ({ entityId, version }) => entryOf(entityId, version, null), reserved),
        catalogueEffect(DeskRelease, registry, ({ entityId, version }) => {
          return { kind: "deregister", serviceId: entityId, version };
        }),
      ],
      hash,
    ),
  schemas: schemasIn([fileURLToPath(new URL("../../../runtime/adapters/migrations", import.meta.url))]),
  inputs: [TOPIC],
  unjournaled: [],
  periodMs: PERIOD_MS,
  populate(system) {
    const { broker, random } = system;
    const clock = { skewMs: 0, statesTimes: false };
    const tell = (text: () => string): void => system.addToTranscript(text);
    const runs: Sender[] = [];
    const say = (type: string) => () => {
      // Mostly to those that were begun last: the others have ended.
      const run = runs.at(-1 - random.int(0, 4)) ?? runs[0];
      run?.send(TOPIC, { run_id: run.id }, { as: type });
    };
    const start = (): void => {
      const run = new Sender(`run-${runs.length + 1}`, clock, broker, random, tell);
      runs.push(run);
      run.send(TOPIC, { run_id: run.id }, { as: "StartRun" });
    };
    return {
      actions: {
        start: [3, start],
        "start again": [1, say("StartRun")],
        answer: [5, say("AnswerRun")],
        cancel: [1, say("CancelRun")],
        nothing: [6, () => {}],
      },
      fallSilent: () => {},
    };
  },
  checks: runChecks,
};

function runChecks({ report, database, catalog }: ObservedSystem): DomainChecks {
  const judge = new RunJudge(report, { clocksMs: 0 });
  const ended = new Set<string>();
  return {
    judge,
    firings: PROTOCOL.firings,
    onAppended() {},
    /** What comes after the end is declined, and nothing else is. */
    onStep({ entity_id: id, of, type, state, result, declined }, events) {
      const isDeclined = result === "declined" && declined?.code === "ENDED" && events.length === 0;
      if (of === "bus" && isDeclined !== ended.has(id)) report("G2", `${type} of ${id} in ${state}: ${result}`);
      if (PROTOCOL.ended.includes(state ?? "")) ended.add(id);
    },
    onCommitted() {},
    atRest() {
      const rows = database.table("entity");
      const states = rows.map(
        (row) => [String(row["entity_id"]), { state: row["state"], seq: Number(row["seq"]) }] as const,
      );
      judgeAtRest(judge.entities, { entities: new Map(states) }, report, ({ id, hasEnded, attempt }, say) => {
        if (attempt !== 1) say("G2", `it had ${attempt} attempts`);
        if (hasEnded === (catalog.get(id) !== undefined))
          say("G10", hasEnded ? "its desk is still there" : "it has no desk");
      });
    },
  };
}
