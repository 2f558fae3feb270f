/** Rates, or their series, by type. */
interface ByType<Value> {
  readonly messages: Readonly<Record<string, Value>>;
  readonly events: Readonly<Record<string, Value>>;
  readonly dead_letters: Value;
}

interface ShownRate {
  readonly title: string;
  readonly colour: string;
  readonly dash: readonly number[];
  /** Where more about it is. */
  readonly path?: string;
  /** Undefined where the contracts have no such type. */
  readonly valueIn: <Value>(values: ByType<Value>) => Value | undefined;
}

export const RATES: readonly ShownRate[] = [
  {
    title: "introspections",
    colour: "--accent",
    dash: [],
    valueIn: ({ messages }) => messages["NodeIntrospectionEvent"],
  },
  { title: "activations", colour: "--good", dash: [], valueIn: ({ events }) => events["NodeBecameActive"] },
  { title: "expiries", colour: "--muted", dash: [6, 4], valueIn: ({ events }) => events["NodeLivenessExpired"] },
  {
    title: "dead letters",
    colour: "--bad",
    dash: [2, 3],
    path: "/dead-letters",
    valueIn: ({ dead_letters }) => dead_letters,
  },
];
