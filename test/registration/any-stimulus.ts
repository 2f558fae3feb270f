import fc from "fast-check";
import {
  type Stimulus,
  ackedNaming,
  confirmed,
  dated,
  deadlinePassed,
  deadlinePassedTooSoon,
  deregistered,
  failed,
  heartbeat,
  introspected,
  later,
  published,
} from "./stimuli.ts";

const request = fc.constantFrom("a", "b", "c", "d");
/** Usually of the current attempt, sometimes of an earlier one or of none. */
const whose = fc.oneof({ weight: 5, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: fc.record({ of: request }) });
const backend = fc.constantFrom("consul" as const, "postgres" as const);
const introspection = fc.record(
  {
    node_type: fc.constantFrom("effect", "effect", "compute"),
    node_version: fc.constantFrom("1.0.0", "1.0.0", "1.0.0", "2.0.0"),
    epoch: fc.constantFrom(1, 1, 1, 2, 3),
    reason: fc.constantFrom("startup", "startup", "heartbeat", "request", "shutdown"),
  },
  { requiredKeys: ["node_type", "node_version"] },
);
const ack = fc.oneof(
  { weight: 3, arbitrary: fc.constant({}) },
  { weight: 2, arbitrary: fc.record({ attempt: request, request }, { requiredKeys: [] }) },
);
/** Anything that may happen to a node, in shares that reach many states. */
export const anyStimulus: fc.Arbitrary<Stimulus> = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(request, introspection).map(([label, more]) => introspected(label, more)) },
  { weight: 7, arbitrary: fc.tuple(backend, whose).map(([which, of]) => confirmed(which, of)) },
  { weight: 3, arbitrary: whose.map((of) => published("NodeRegistrationAccepted", of)) },
  { weight: 4, arbitrary: ack.map((named) => ackedNaming(named)) },
  { weight: 1, arbitrary: fc.tuple(backend, whose).map(([which, of]) => failed(which, of)) },
  { weight: 2, arbitrary: fc.constantFrom(deadlinePassed("ack"), deadlinePassed("liveness")) },
  { weight: 1, arbitrary: fc.constantFrom(deadlinePassedTooSoon("ack"), deadlinePassedTooSoon("liveness")) },
  { weight: 2, arbitrary: fc.constant(heartbeat()) },
  { weight: 1, arbitrary: fc.constant(deregistered()) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 20_000 }).map(later) },
  { weight: 3, arbitrary: fc.tuple(fc.nat(50), fc.nat(10_000)).map(([back, ms]) => repeated(back, ms)) },
);

/**
 * One of the last messages again: the shell's as it was, a node's at a new place of the log, at its old or a new time.
 */
function repeated(back: number, ms: number): Stimulus {
  return (world) => {
    const past = world.past.at(-1 - (back % Math.max(world.past.length, 1)));
    if (!past) return { later: ms };
    const { kind, type, payload, now } = past.message;
    if (kind !== "bus") return past.message;
    const again: Stimulus = () => world.fromBus(type, payload);
    return ms % 2 === 0 ? again(world) : dated(now, again)(world);
  };
}
