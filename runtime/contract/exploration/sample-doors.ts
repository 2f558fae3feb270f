import { valueAt } from "../../core/condition.ts";
import { type Caller, type Door, NOBODY } from "../../core/door.ts";
import type { Expression, Path, Test } from "../../core/expression.ts";
import type { Entity } from "../../core/entity.ts";
import type { Json, Payload } from "../../core/message.ts";
import type { ExpressionScope } from "../expressions/expression-types.ts";
import { distinguishingValues, labelOf, withValue } from "./sample-payloads.ts";

/** How a message may have come in, and what tells it from others. */
export interface SampleDoor {
  readonly label: string;
  /** Undefined: from the bus. */
  readonly doorOf: (entity: Entity | undefined, payload: Payload) => Door | undefined;
}

export const FROM_BUS: SampleDoor = { label: "", doorOf: () => undefined };

/** Each of them multiplies the steps to take. */
const WORDS_MAX = 8;

/**
 * The doors through which a message may come whose rows or handler read them: of its owner, a stranger (plain, and with
 * each role and permission that a condition names), one who is privileged, and nobody; each with every difference in
 * what was loaded that a condition tells apart.
 * @param isTrusted whether it may come without a door too
 */
export function sampleDoors(
  conditions: readonly Expression[],
  scope: ExpressionScope | undefined,
  isTrusted: boolean,
): readonly SampleDoor[] {
  const tests = conditions.flatMap(({ any }) => any.flat());
  const loadings = [
    { label: "", loaded: {} },
    ...distinguishingValues("loaded", conditions, scope)
      .filter(({ value }) => value !== undefined)
      .map(({ keys, value }) => ({
        label: `loaded ${labelOf(keys, value as Json)}`,
        loaded: withValue({}, keys, value as Json) as Door["loaded"],
      })),
  ];
  const doors = callersOf(tests).flatMap(({ label, callerOf }) =>
    loadings.map(({ label: loading, loaded }) => ({
      label: loading === "" ? label : `${label}, ${loading}`,
      doorOf: (entity: Entity | undefined, payload: Payload): Door => {
        return { caller: callerOf(entity, payload), loaded, operation: "check" };
      },
    })),
  );
  return isTrusted ? [...doors, { ...FROM_BUS, label: "from the bus" }] : doors;
}

interface SampleCaller {
  readonly label: string;
  readonly callerOf: (entity: Entity | undefined, payload: Payload) => Caller;
}

function callersOf(tests: readonly Test[]): readonly SampleCaller[] {
  const [roles, permissions] = [wordsOf(tests, "roles"), wordsOf(tests, "permissions")];
  const owners = ownerPaths(tests);
  const ownerOf = (entity: Entity | undefined, payload: Payload): string => {
    const values = owners.map((path) => valueAt(path, { payload, state: entity?.data, unconfirmed: 0 }));
    return values.find((value): value is string => typeof value === "string" && value !== "") ?? "owner";
  };
  const stranger = { ...NOBODY, id: "stranger" };
  const fixed = (label: string, caller: Caller): SampleCaller => ({ label, callerOf: () => caller });
  return [
    { label: "by its owner", callerOf: (entity, payload) => ({ ...NOBODY, id: ownerOf(entity, payload) }) },
    fixed("by a stranger", stranger),
    ...roles.map((role) => fixed(`by a stranger with the role ${role}`, { ...stranger, roles: [role] })),
    ...permissions.map((each) => fixed(`by a stranger who may ${each}`, { ...stranger, permissions: [each] })),
    fixed("by one who is privileged", { id: "privileged", roles, permissions, privileged: true }),
    fixed("by nobody", NOBODY),
  ];
}

const isCallers = ({ root, keys }: Path, field: keyof Caller): boolean => root === "caller" && keys[0] === field;

/** The roles, or permissions, that tests name. */
const wordsOf = (tests: readonly Test[], field: "roles" | "permissions"): readonly string[] =>
  [
    ...new Set(
      tests.flatMap(({ path, value }) =>
        isCallers(path, field) && value?.kind === "literal" ? [String(value.value)] : [],
      ),
    ),
  ].slice(0, WORDS_MAX);

/** What tests compare the caller's id with. */
export const ownerPaths = (tests: readonly Test[]): readonly Path[] =>
  tests.flatMap(({ path, value }) => {
    if (value?.kind !== "path") return [];
    if (isCallers(path, "id")) return [value];
    return isCallers(value, "id") ? [path] : [];
  });

/** Whether a test names who may come, be it nobody. */
export const namesCaller = ({ path, test, value }: Test): boolean =>
  isCallers(path, "id") && value !== undefined && value.kind !== "path" && (test === "==" || test === "in");
