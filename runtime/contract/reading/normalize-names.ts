const EVENT_KEYS = new Set(["event_type", "trigger", "output_events", "renewed_by", "raises", "started_by"]);

/** `ModelOrderPlaced` is how ONEX calls the payload type OrderPlaced, also inside of a pattern. */
const stripModelPrefix = (name: string): string => name.replace(/(^|\()Model(?=[A-Z])/, "$1");

/**
 * Brings a fragment that was written for ONEX into this language's words: no `Model` before an event's name, no
 * `_GENERIC` behind a kind. Works on plain values, so that places still point at what the file says.
 */
export function normalizeOnexNames(value: unknown, key = "", parentKey = ""): unknown {
  if (key === "metadata" && parentKey === "") return value;
  if (typeof value === "string") {
    if (key === "node_type") return value.replace(/_GENERIC$/, "");
    return EVENT_KEYS.has(key) || (key === "name" && parentKey === "event_model") ? stripModelPrefix(value) : value;
  }
  if (Array.isArray(value)) return value.map((item) => normalizeOnexNames(item, key, parentKey));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([inner, each]) => [inner, normalizeOnexNames(each, inner, key)]),
  );
}
