import { z } from "zod";

// A message that starts with a code (`RC008 ...`) tells the loader which row of contracts.md's table the problem is.
const nameMatching = (pattern: RegExp, rule: string, lengthMax = 200) =>
  z
    .string()
    .regex(pattern, `RC009 ${rule}`)
    .max(lengthMax, `RC009 ${rule}`)
    .refine((name) => !(name in Object.prototype), "RC009 JavaScript reserves this name: choose another");

const EVENT = "[A-Z][A-Za-z0-9]*";
const SNAKE = "[a-z][a-z0-9_]*";
const INTENT = `${SNAKE}(?:\\.${SNAKE})*`;

export const EventName = nameMatching(new RegExp(`^${EVENT}$`), "an event type is PascalCase: OrderPlaced");
/** An event type, or several of which exactly one is meant. */
export const EventAlternatives = nameMatching(
  new RegExp(`^${EVENT}(?: *\\| *${EVENT})*$`),
  "an event type is PascalCase: OrderPlaced; one of several: OrderPaid | OrderRefused",
  1_000,
);
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
export const RefusalCode = nameMatching(/^[A-Z][A-Z0-9_]*$/, "a refusal's code is UPPER_SNAKE_CASE: NOT_OWNER", 64);
export const FaultCode = nameMatching(/^[A-Z][A-Z0-9_]*$/, "a fault code is UPPER_SNAKE_CASE");
export const VariableName = nameMatching(/^[A-Z][A-Z0-9_]*$/, "a variable is UPPER_SNAKE_CASE: MAIL_URL");
export const StateName = nameMatching(
  /^(?!null$)[A-Za-z][A-Za-z0-9_]*$/,
  'a state name has letters, digits and _ only ("null" means: no entity yet)',
);
const ROUTE_PATH = "(?:/|(?:/(?:[A-Za-z0-9._~-]+|\\{[A-Za-z][A-Za-z0-9_]*\\}))+)";
export const RoutePattern = nameMatching(
  new RegExp(`^(?:GET|POST|PUT|PATCH|DELETE) ${ROUTE_PATH}$`),
  "a route is a method and a path: GET /parcels/{parcel_id}",
  500,
);
export const PathPrefix = nameMatching(
  /^(?:\/[A-Za-z0-9._~-]+)+$/,
  "a base path begins with / and does not end with it: /api/v1",
);
export const OperationName = nameMatching(
  /^[a-z][A-Za-z0-9]*$/,
  "an operation begins with a small letter, and has letters and digits only: getParcel",
  100,
);
/** A part of a request that names an entity. */
export const RequestRef = nameMatching(
  /^(?:params|query)\.[A-Za-z][A-Za-z0-9_]*$|^caller\.id$/,
  "it names a part of the request: params.parcel_id, query.parcel_id or caller.id",
);
/** The query parameter that a link is sent in. */
export const LinkRef = nameMatching(
  /^query\.[A-Za-z][A-Za-z0-9_]*$/,
  "it names a query parameter of the request: query.share",
);
export const AccessWord = nameMatching(
  /^(?!public$)[a-z][a-z0-9_-]*(?::[a-z0-9_-]+)*$/,
  "who may call is public, or a list of roles and permissions: [reader, parcels:write]",
  100,
);
export const MediaType = nameMatching(/^[a-z]+\/[a-z0-9.+-]+$/, "a media type is lower case: text/plain", 100);
export const WebOrigin = nameMatching(
  /^https?:\/\/(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/,
  "an origin is a scheme and a host in lower case: https://ops.example.com",
);

const NETWORKS: readonly z.ZodType[] = [z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()];
export const Network = z
  .string()
  .refine(
    (text) => NETWORKS.some((each) => each.safeParse(text).success),
    "RC009 a network is an address, alone or with the length of its prefix: 10.0.0.0/8, 2001:db8::/32",
  );

const TOPIC = "(?=.*[A-Za-z0-9}])(?:[A-Za-z0-9._-]|\\{[A-Za-z_]+\\})+";
const TOPIC_RULE = "a topic has letters, digits, '.', '_', '-' and the placeholders {env} and {namespace}";
/** What stands for the topic of an event that is not published. */
export const NO_TOPIC = "none";
export const TopicPattern = nameMatching(
  new RegExp(`^(?!${NO_TOPIC}$)${TOPIC}$`),
  `${TOPIC_RULE}; only a published event may have ${NO_TOPIC}`,
);
/** A topic, or `none`. */
export const TopicOfEvent = nameMatching(new RegExp(`^${TOPIC}$`), `${TOPIC_RULE}, or is ${NO_TOPIC}`);

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
/** How long a link opens something. */
export const LinkDuration = durationBetween(1_000, 30 * DAY_MS, "1s to 30d");
/** The same, or longer than that: what is at the end of it to the millisecond is still within it. */
export const DeadlineDuration = z.union(
  [
    LongDuration,
    z.strictObject({ longer_than: LongDuration.describe("What comes after exactly this time is still in time.") }),
  ],
  { error: ({ input }) => (input === undefined ? undefined : `RC008 ${DURATION_RULE}, or { longer_than: 30s }`) },
);
export type DeadlineDuration = z.infer<typeof DeadlineDuration>;
/** How long an ended entity is kept: not shorter than the ids of its messages are remembered. */
export const RetainDuration = durationBetween(7 * DAY_MS, 3_650 * DAY_MS, "7d to 3650d");
/** A bound on a clock's error; none at all is a bound too. */
export const SkewDuration = durationBetween(0, DAY_MS, "0s to 1d");

/** Milliseconds until a deadline: times are whole ones, so that one more is longer. Undefined when the text is none. */
export function deadlineMs(duration: DeadlineDuration): number | undefined {
  if (typeof duration === "string") return durationMs(duration);
  const ms = durationMs(duration.longer_than);
  return ms === undefined ? undefined : ms + 1;
}

/** Milliseconds of a duration; undefined when the text is none. */
export function durationMs(text: string): number | undefined {
  const match = DURATION.exec(text);
  return match ? Number(match[1]) * MS[match[2] as keyof typeof MS] : undefined;
}

export const ExpressionText = z.string().min(1).max(1000);

/** Lists have a maximum like everything else; this is far above what a person can oversee. */
export const LIST_LENGTH_MAX = 256;
export const listOf = <Item extends z.ZodType>(item: Item) => z.array(item).max(LIST_LENGTH_MAX);
export const nonEmptyListOf = <Item extends z.ZodType>(item: Item) => listOf(item).min(1);

/** One state or several: `null` is "no entity yet", `"*"` in a matrix any state that no row above took. */
export const oneOrMoreStates = <State extends z.ZodType>(state: State) => z.union([state, nonEmptyListOf(state)]);
