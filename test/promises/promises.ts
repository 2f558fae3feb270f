/** Where a promise is checked: by the judge over any history, or only by tests that see more than a history. */
interface Promised {
  readonly judged: boolean;
  /** What checks it where the judge can't, or what is checked beside the judge. */
  readonly elsewhere?: string;
}

/**
 * The promises of docs/reliability.md. Histories come from the core (tests of domains), from the committed rows of the
 * simulation (test/sim) and from what outsiders read (test/blackbox); one judge reads all three.
 */
export const PROMISES = {
  G1: { judged: false, elsewhere: "test/sim by the journal and the positions; test/blackbox by causes and timelines" },
  G2: { judged: true },
  G3: { judged: true, elsewhere: "test/sim: published bytes are the committed ones" },
  G4: { judged: true, elsewhere: "test/sim: one writer of a journal, nothing committed stays unpublished" },
  G5: { judged: true, elsewhere: "test/sim: nothing is published that was not committed" },
  G6: { judged: true, elsewhere: "test/sim: no row goes back, at any time" },
  G7: { judged: true, elsewhere: "test/sim: no deadline of the store stays due" },
  G8: { judged: true, elsewhere: "test/sim by read positions; test/blackbox by ACKs in the log" },
  G9: { judged: true },
  G10: { judged: true },
  G11: { judged: false, elsewhere: "test/sim by the dead letters' rows; test/blackbox by their topic" },
  G12: { judged: false, elsewhere: "test/shell, npm run soak" },
  G13: { judged: false, elsewhere: "test/replay" },
  G14: { judged: false, elsewhere: "test/sim by the hash of each turn; test/shell/contract-in-force" },
  G15: { judged: false, elsewhere: "test/shell/follow; test/blackbox by followers in two processes" },
  G16: { judged: false, elsewhere: "test/gateway" },
} as const satisfies Readonly<Record<string, Promised>>;

export type PromiseId = keyof typeof PROMISES;

/** Takes a broken promise, and how it was seen. */
export type Report = (promise: PromiseId, what: string) => void;
