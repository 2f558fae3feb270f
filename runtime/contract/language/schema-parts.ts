import { z } from "zod";

// A message that starts with a code (`RC008 ...`) tells the loader which row of contracts.md's table the problem is.
const nameMatching = (pattern: RegExp, rule: string) =>
  z
    .string()
    .regex(pattern, `RC009 ${rule}`)
    .max(200, `RC009 ${rule}`)
    .refine((name) => !(name in Object.prototype), "RC009 JavaScript reserves this name: choose another");

const EVENT = "[A-Z][A-Za-z0-9]*";
const SNAKE = "[a-z][a-z0-9_]*";
const INTENT = `${SNAKE}(?:\\.${SNAKE})*`;

export const EventName = nameMatching(new RegExp(`^${EVENT}$`), "an event type is PascalCase: OrderPlaced");
/** An event type, or what comes from the runtime instead of the bus. */
export const EventPattern = nameMatching(
  new RegExp(`^(?:${EVENT}|published\\(${EVENT}\\)|deadline\\(${SNAKE}\\)|failed\\(${INTENT}\\))$`),
  "an event type is PascalCase, or published(Event), deadline(name), failed(intent.type)",
);
export const IntentType = nameMatching(
  new RegExp(`^${INTENT}$`),
  "an intent type is lower case with dots: stock.reserve",
);
export const SnakeName = nameMatching(new RegExp(`^${SNAKE}$`), "this name is lower snake case: a_name");
export const LowerCaseName = nameMatching(/^[a-z][a-z0-9_-]*$/, "this name is lower case: letters, digits, _ and -");
export const BackendPattern = nameMatching(
  /^[a-z][a-z0-9_-]*(?:\/\{[A-Za-z][A-Za-z0-9_]*\})*$/,
  "a backend is lower case: letters, digits, _ and -; then any number of /{field}",
);
export const FieldName = nameMatching(/^[A-Za-z][A-Za-z0-9_]*$/, "a field name has letters, digits and _ only");
export const CodeName = nameMatching(/^[A-Za-z][A-Za-z0-9_]*$/, "a name in code has letters, digits and _ only");
export const FaultCode = nameMatching(/^[A-Z][A-Z0-9_]*$/, "a fault code is UPPER_SNAKE_CASE");
export const StateName = nameMatching(
  /^(?!null$)[A-Za-z][A-Za-z0-9_]*$/,
  'a state name has letters, digits and _ only ("null" means: no entity yet)',
);
export const TopicPattern = nameMatching(
  /^(?=.*[A-Za-z0-9}])(?:[A-Za-z0-9._-]|\{[A-Za-z_]+\})+$/,
  "a topic has letters, digits, '.', '_', '-' and the placeholders {env} and {namespace}",
);

const DURATION_RULE = "a duration is an integer and ms, s, m, h or d: 30s";
const MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const DURATION = /^(0|[1-9][0-9]{0,11})(ms|s|m|h|d)$/;

const Duration = z
  .string({ error: ({ input }) => (input === undefined ? undefined : `RC008 ${DURATION_RULE}`) })
  .regex(DURATION, `RC008 ${DURATION_RULE}`);

const DAY_MS = 86_400_000;
const durationBetween = (leastMs: number, mostMs: number, range: string) =>
  Duration.refine((text) => {
    const ms = durationMs(text);
    return ms === undefined || (ms >= leastMs && ms <= mostMs);
  }, `RC010 out of range: ${range}`);

/** How long something may take, or be waited for between two tries. */
export const ShortDuration = durationBetween(1, DAY_MS, "1ms to 1d");
/** How long an entity may wait. */
export const LongDuration = durationBetween(1, 3_650 * DAY_MS, "1ms to 3650d");
/** A bound on a clock's error; none at all is a bound too. */
export const SkewDuration = durationBetween(0, DAY_MS, "0s to 1d");

/** Milliseconds of a duration; undefined when the text is none. */
export function durationMs(text: string): number | undefined {
  const match = DURATION.exec(text);
  return match ? Number(match[1]) * MS[match[2] as keyof typeof MS] : undefined;
}

export const ExpressionText = z.string().min(1).max(1000);

/** Lists have a maximum like everything else; 256 is far above what a person can oversee. */
export const listOf = <Item extends z.ZodType>(item: Item) => z.array(item).max(256);
export const nonEmptyListOf = <Item extends z.ZodType>(item: Item) => listOf(item).min(1);

/** One state or several: `null` is "no entity yet", `"*"` in a matrix any state that no row above took. */
export const oneOrMoreStates = <State extends z.ZodType>(state: State) => z.union([state, nonEmptyListOf(state)]);
