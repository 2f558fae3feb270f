import type { SimulatedDomain } from "../simulated-domain.ts";
import type { SimulatedSystem } from "../simulated-system.ts";
import { actionsOf } from "./actions.ts";
import { NodeChecks } from "./checks.ts";
import { domainOn, PERIOD_MS, SCHEMAS, TOPICS } from "./domain.ts";
import { type Habits, SimNode } from "./node.ts";

/** Registration with nodes that behave as they like. */
export const domain: SimulatedDomain = {
  name: "registration",
  domainOn,
  schemas: SCHEMAS,
  inputs: Object.values(TOPICS),
  // Heartbeats that change nothing are not journaled.
  unjournaled: [TOPICS.heartbeat],
  periodMs: PERIOD_MS,
  populate(system) {
    const { random } = system;
    const nodes = Array.from({ length: random.int(3, 7) }, (_, i) => newNode(system, `node-${i + 1}`));
    return {
      actions: actionsOf(nodes),
      fallSilent(share) {
        for (const node of nodes) if (random.chance(share)) node.isSilent = true;
      },
    };
  },
  checks: (observed) => new NodeChecks(observed),
};

function newNode(system: SimulatedSystem, id: string): SimNode {
  const { random } = system;
  const habits: Habits = {
    ack: random.weighted({ soon: 6, late: 2, never: 1, twice: 1, bare: 1, "by correlation": 1 }),
    hasEpoch: random.chance(0.5),
    statesTimes: random.chance(0.4),
    skewMs: random.chance(0.3) ? (random.next() - 0.5) * 120_000 : 0,
    isRefused: random.chance(0.06),
  };
  return new SimNode(id, habits, system.broker, random, (text) => system.addToTranscript(text));
}
