import type { TimelineItem } from "../http/entities/timeline.ts";
import { formatDuration } from "../http/server/text-format.ts";
import { colors, replaceUnprintable } from "./output.ts";

type Paint = (text: string) => string;
type Item = Omit<TimelineItem, "attempt_id">;

/** @param deadlines by name, `at` as RFC 3339 */
export const deadlinesText = (deadlines: Readonly<Record<string, { readonly at: string }>>, nowMs: number): string =>
  Object.entries(deadlines)
    .map(([name, { at }]) => {
      const leftMs = Date.parse(at) - nowMs;
      return leftMs > 0 ? `${name} in ${formatDuration(leftMs)}` : `${name} overdue`;
    })
    .join(", ");

/** A line of an entity's timeline, and one for each call that it took. */
export function timelineText(item: Item, paintState: Paint = (state) => state): string {
  return [timelineLine(item, paintState), ...item.tries.map(tryLine)].join("\n");
}

function timelineLine({ at, kind, type, reason, note, state, topic, ...by }: Item, paintState: Paint): string {
  const time = timeOfDay(at);
  if (kind === "event")
    return (
      `${time}  ${colors.cyan("->")} ${replaceUnprintable(type ?? "")} ` +
      `${colors.dim(`on ${replaceUnprintable(topic ?? "")}`)}`
    );
  const explanation = [note, reason].filter((text) => text !== null).join("; ");
  const of = kind === "message" || kind === "end" ? "" : ` (${kind})`;
  const sender = by.operation === null ? "" : ` by ${by.caller || "nobody in particular"} (${by.operation})`;
  const where = state === null ? "" : ` [${paintState(state)}]`;
  const what = replaceUnprintable(`${type ?? kind}${of}${sender}`);
  return `${time}  ${what}${where} ${replaceUnprintable(explanation)}`;
}

function tryLine({ at, ms, code, error }: Item["tries"][number]): string {
  const result = code === undefined ? "done" : colors.red(replaceUnprintable(`${code} ${error ?? ""}`));
  return `${timeOfDay(at)}     tried: ${result} ${colors.dim(`after ${ms} ms`)}`;
}

/** @param at RFC 3339 */
export const timeOfDay = (at: string): string => colors.dim(at.slice(11, 23));
