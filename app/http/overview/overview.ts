import { z } from "zod";
import { Parts } from "../health/parts.ts";
import { TroubleView } from "../health/trouble-view.ts";
import type { StateSpec } from "../../../runtime/core/domain.ts";

/** The kind of a state, derived from the contract: its name may be anything. */
const StateKind = z
  .enum(["live", "waiting", "resting", "ended"])
  .describe(
    "live: its deadline can be renewed; resting: nobody waits for it to be left; ended: it ends an attempt; " +
      "waiting: any other",
  );
export type StateKind = z.infer<typeof StateKind>;

export function stateKindOf({ terminal, rests, deadline }: StateSpec): StateKind {
  if (terminal) return "ended";
  if (deadline && deadline.renewedBy.size > 0) return "live";
  return rests ? "resting" : "waiting";
}

const Time = z.iso.datetime();
const Milliseconds = z.number().nullable().describe("ms; null: no values");
const Percentiles = z.object({
  count: z.int().describe("values of the last 5 min, at most the newest 2,048"),
  p50_ms: Milliseconds,
  p99_ms: Milliseconds,
  max_ms: Milliseconds,
});
const PerSample = z.array(z.number()).describe("per second, since the sample before");
/** In the shape of rates, and of their series. */
const byKind = <Value extends z.ZodType>(value: Value) => ({
  messages: z.record(z.string(), value).describe("processed, by type"),
  events: z.record(z.string(), value).describe("published, by type"),
  dead_letters: value,
});

const RefusedContracts = z.object({ at: Time, reason: z.string() });

export const Overview = z.object({
  at: Time.describe("broker time"),
  began_at: Time.describe("start of the process: rates, percentiles and the history begin with it"),
  troubles: z.array(TroubleView).describe("what an operator should know or do; what blocks comes first"),
  refused_contracts: RefusedContracts.nullable().describe("the last reload, if it was refused"),
  parts: Parts,
  states: z
    .array(z.object({ name: z.string(), kind: StateKind, entities: z.int().nullable() }))
    .describe("entities by state over all processes, in the order of the contract; null: the store could not be asked"),
  rates: z.object(byKind(z.number())).describe("of this process, per second, over the last minute"),
  durations: z.record(z.string(), Percentiles).describe("that the domain measures, in this process"),
  lateness: Percentiles.describe("from a deadline to its firing, in this process"),
  lag: z.array(z.object({ partition: z.int(), messages: z.int() })).describe("of the partitions served here"),
  history: z
    .object({
      every_ms: z.int(),
      at: z.array(Time),
      entities: z.array(z.array(z.int()).nullable()).describe("of each sample, in the order of `states`"),
      ...byKind(PerSample),
    })
    .nullable()
    .describe("the last hour of this process"),
});
export type Overview = z.infer<typeof Overview>;
