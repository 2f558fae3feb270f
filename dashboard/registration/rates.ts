import type { ShownRate } from "../domains/domain.ts";

export const RATES: readonly ShownRate[] = [
  {
    ...{ title: "introspections", colour: "--accent", dash: [], hasTile: true },
    valueIn: ({ messages }) => messages["NodeIntrospectionEvent"],
  },
  {
    ...{ title: "activations", colour: "--good", dash: [], hasTile: true },
    valueIn: ({ events }) => events["NodeBecameActive"],
  },
  {
    ...{ title: "expiries", colour: "--muted", dash: [6, 4], hasTile: true },
    valueIn: ({ events }) => events["NodeLivenessExpired"],
  },
  {
    ...{ title: "dead letters", colour: "--bad", dash: [2, 3], hasTile: true, path: "/dead-letters" },
    valueIn: ({ dead_letters }) => dead_letters,
  },
];
