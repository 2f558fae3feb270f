import type { CommandRequest } from "../core/gateway-code.ts";
import { escapePointer, isObject } from "../core/incoming-json.ts";
import type { Json, Payload } from "../core/message.ts";

/**
 * A payload by names: all of the body, and of query and path what the message declares. What stands in the path counts
 * before what the body says.
 */
export function payloadByName(
  { body, query, params }: Pick<CommandRequest, "body" | "query" | "params">,
  declared: ReadonlySet<string>,
): Payload {
  const named = [...Object.entries(query), ...Object.entries(params)].filter(([name]) => declared.has(name));
  return { ...body, ...Object.fromEntries(named) };
}

/** Where something that is wrong in a payload was sent. */
export type SentAt = { readonly pointer: string } | { readonly parameter: string } | undefined;

/**
 * Where in the request that stands which the payload has at a path: a part of path or query of that name, the same path
 * in the body, or the only place in the body that has the same text or number. Undefined: it was not sent.
 */
export function findSent(
  { body, query, params }: Pick<CommandRequest, "body" | "query" | "params">,
  payload: Payload,
  path: readonly PropertyKey[],
): SentAt {
  const value = valueAt(payload, path);
  const [name] = path;
  if (path.length === 1 && typeof name === "string")
    for (const part of [params, query])
      if (Object.hasOwn(part, name) && part[name] === value) return { parameter: name };
  const parent = valueAt(body, path.slice(0, -1));
  if (parent !== undefined && valueAt(body, path) === value) return { pointer: pointerOf(path) };
  const places = value === undefined ? [] : [...placesOf(body, value, [])];
  const [place] = places;
  return place && places.length === 1 ? { pointer: pointerOf(place) } : undefined;
}

const pointerOf = (path: readonly PropertyKey[]): string =>
  path.map((key) => `/${escapePointer(String(key))}`).join("");

function valueAt(value: Json | undefined, path: readonly PropertyKey[]): Json | undefined {
  let at: unknown = value;
  for (const key of path) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, key)) return undefined;
    at = (at as Readonly<Record<PropertyKey, unknown>>)[key];
  }
  return at as Json | undefined;
}

function* placesOf(within: Json, value: Json, path: readonly PropertyKey[]): Generator<readonly PropertyKey[]> {
  if (within === value) yield path;
  if (Array.isArray(within))
    for (const [index, item] of within.entries()) yield* placesOf(item, value, [...path, index]);
  else if (isObject(within))
    for (const [key, item] of Object.entries(within)) yield* placesOf(item as Json, value, [...path, key]);
}
