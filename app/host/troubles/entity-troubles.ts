import type { ProjectionChange } from "../../../runtime/stored/projection-fills.ts";
import type { DomainFacts } from "./facts.ts";
import type { Make, OwnTrouble, Surroundings } from "./own-trouble.ts";

// Troubles of a domain that single entities of it have: all others go on.

const REFUSED_SHOWN = 3;

export function turnsRefused({ name, status }: DomainFacts, { nowMs }: Surroundings): OwnTrouble[] {
  const { refusedTurns: refused, brokerTimeMs } = status;
  if (refused.length === 0) return [];
  const texts = refused.slice(0, REFUSED_SHOWN).map(({ entityId, type, intentId, error }) => {
    const of = [
      ...(entityId === null ? [] : [`of ${entityId}`]),
      ...(intentId === null ? [] : [`(intent ${intentId})`]),
    ];
    return [type, ...of].join(" ") + `: ${error}`;
  });
  const others = refused.length - texts.length;
  return [
    {
      code: "TURN_REFUSED",
      partitions: [...new Set(refused.map(({ partition }) => partition))].sort((a, b) => a - b),
      sinceMs: nowMs - (brokerTimeMs - Math.min(...refused.map(({ sinceMs }) => sinceMs))),
      title: refused.length === 1 ? "the store refuses a turn" : `the store refuses ${refused.length} turns`,
      detail: `${texts.join("; ")}${others > 0 ? `; ${others} more` : ""}; each is tried again, and all else goes on`,
      remedy:
        "correct what the store names; to give an intent up: " +
        `rollcall intents end INTENT --domain ${name} --reason "..."`,
      blocks: "nothing",
    },
  ];
}

export function entitiesUnreadable({ name, status }: DomainFacts, { nowMs }: Surroundings): OwnTrouble[] {
  const { count, foundAtMs, partitions, examples } = status.unreadable;
  if (count === 0) return [];
  const more = count > examples.length ? `; and ${count - examples.length} more` : "";
  return [
    {
      code: "ENTITY_UNREADABLE",
      partitions,
      sinceMs: Math.min(nowMs, nowMs - (status.brokerTimeMs - foundAtMs)),
      title: count === 1 ? `${examples[0]?.entityId} can't be read` : `${count} entities can't be read`,
      detail:
        `${examples.map(({ entityId, problem }) => `${entityId} at ${problem}`).join("; ")}${more}; their messages ` +
        "become dead letters, their deadlines and outcomes wait, all others go on",
      remedy:
        "start code whose schema or upcast reads them, then: " +
        `rollcall dlq retry --domain ${name} --code ENTITY_UNREADABLE`,
      blocks: "nothing",
    },
  ];
}

export const DOUBT = "check for a fault of the network or of Rollcall; release it only if they are really gone";

export const expiriesHeld: Make = ({ name, status: { holds } }) =>
  holds.map(({ state, heldAtMs, entities, total }) => ({
    code: "EXPIRY_HELD",
    subject: state,
    sinceMs: heldAtMs,
    title: `expiry of ${state} is held`,
    detail: `${entities} of ${total} would have happened at once`,
    remedy: `${DOUBT}: rollcall hold release ${name} ${state} --reason "..."`,
    blocks: "nothing",
  }));

export const rowsOlder: Make = ({ name, projectionFaults = [] }) =>
  projectionFaults.map(({ projection, count, sinceMs }) => ({
    ...{ code: "PROJECTION_ROWS_OLDER", subject: projection, sinceMs },
    title:
      count === 1 ? `an entity's rows in ${projection} are old` : `rows of ${count} entities in ${projection} are old`,
    detail: "their function fails, or what it makes is refused: the rows of before stay, and all else goes on",
    remedy:
      `rollcall projections list --domain ${name} says why; correct the function, then: ` +
      `rollcall projections rebuild ${projection} --domain ${name} --reason "..."`,
    blocks: "nothing",
  }));

/** Of a change that goes on for so long without a page nobody does it. */
const IDLE_SECONDS = 60;
const CHANGE_TEXTS: Readonly<Record<ProjectionChange["what"], string>> = {
  filled: "its table is being filled; until it is, the version before is in use, and all goes on",
  view: "its SQL view shows the version before, or none: a report may hold it, or this role may not make views",
  left: "the table is in use no more, and is still there: a report may hold it, or this role may not drop it",
};

export const projectionsChanging: Make = ({ name, projectionChanges = [] }) =>
  projectionChanges.map(({ projection, what, version, sinceMs, idleSeconds }) => ({
    ...{ code: "PROJECTION_CHANGING", subject: projection, sinceMs },
    title: `${projection} version ${version} is being changed`,
    detail: idleSeconds > IDLE_SECONDS ? "its table was begun, and nobody fills it now" : CHANGE_TEXTS[what],
    remedy:
      what === "filled"
        ? `it ends by itself; after a crash: rollcall reload --domain ${name}, or start the code that has it`
        : "it is tried every 5 s; as the tables' owner: rollcall migrate",
    blocks: "nothing",
  }));

const PURGE_OVERDUE_MS = 86_400_000;

export const purgesOverdue: Make = ({ purgesDueAtMs, status: { brokerTimeMs } }, { nowMs }) =>
  purgesDueAtMs === null || brokerTimeMs - purgesDueAtMs < PURGE_OVERDUE_MS
    ? []
    : [
        {
          code: "PURGES_OVERDUE",
          sinceMs: nowMs - (brokerTimeMs - purgesDueAtMs),
          title: "entities wait to be purged",
          detail: `the first since ${new Date(purgesDueAtMs).toISOString()}`,
          remedy: "release holds (rollcall hold list), and see what is pending of them: rollcall explain",
          blocks: "nothing",
        },
      ];
