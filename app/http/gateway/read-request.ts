import type { FastifyRequest } from "fastify";
import { z } from "zod";
import type { GatewayRequest, RequestShapes, ShownEntity } from "../../../runtime/core/gateway-code.ts";
import type { EntityRef } from "../../../runtime/core/gateway.ts";
import { isEntityId } from "../../../runtime/core/ids.ts";
import type { Json } from "../../../runtime/core/message.ts";
import type { ListRequest } from "../../../runtime/gateway/list-request.ts";
import { shown } from "../../../runtime/gateway/shown-entity.ts";
import { readEntity } from "../../../runtime/stored/entities.ts";
import type { System } from "../../host/compose.ts";
import { unknownEntity } from "../entities/entity-queries.ts";
import { invalidParts, invalidRequest, Problem } from "../server/problem.ts";
import { routedOf } from "./gateway-context.ts";

/**
 * A request as functions are given it.
 * @param shapes of body and query, which are checked; without a shape of the query only `named` of it may be there
 * @throws Problem with the place of each wrong part
 */
export function readRequest(
  request: FastifyRequest,
  shapes: RequestShapes | undefined,
  named: ReadonlySet<string>,
): GatewayRequest {
  const { params } = routedOf(request);
  const headers = Object.entries(request.headers).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.join(", ") : value,
  ]);
  return {
    ...{ params, loaded: {}, caller: request.caller.door },
    headers: Object.fromEntries(headers) as GatewayRequest["headers"],
    query: readQuery(request.query as Readonly<Record<string, unknown>>, shapes?.query, named),
    body: readBody(request.body, shapes?.body),
  };
}

function readQuery(
  query: Readonly<Record<string, unknown>>,
  shape: z.ZodType | undefined,
  named: ReadonlySet<string>,
): GatewayRequest["query"] {
  if (shape) {
    const { data, error } = shape.safeParse(query);
    const wrong = (error?.issues ?? []).flatMap((issue) =>
      issue.code === "unrecognized_keys"
        ? issue.keys.map((parameter) => ({ parameter, detail: unknownParameter([...named, ...keysOf(shape)]) }))
        : { parameter: String(issue.path[0] ?? ""), detail: issue.message },
    );
    if (wrong.length > 0) throw invalidRequest(wrong);
    return data as GatewayRequest["query"];
  }
  const wrong = Object.entries(query).flatMap(([parameter, value]) => {
    if (!named.has(parameter)) return [{ parameter, detail: unknownParameter([...named]) }];
    return typeof value === "string" ? [] : [{ parameter, detail: "it may be there once" }];
  });
  if (wrong.length > 0) throw invalidRequest(wrong);
  return query as GatewayRequest["query"];
}

const keysOf = (shape: z.ZodType): readonly string[] => (shape instanceof z.ZodObject ? Object.keys(shape.shape) : []);
const unknownParameter = (known: readonly string[]): string =>
  `there is no such parameter here${known.length === 0 ? "" : `: known are ${known.join(", ")}`}`;

/**
 * What a list's shape declares of a query.
 * @param own the list's own parameters
 */
export function readListQuery(
  { rest, wrong }: Pick<ListRequest, "rest" | "wrong">,
  shape: z.ZodType | undefined,
  own: readonly string[],
): GatewayRequest["query"] {
  if (wrong.length > 0) throw invalidRequest(wrong);
  return readQuery(rest, shape, new Set(own));
}

function readBody(body: unknown, shape: z.ZodType | undefined): GatewayRequest["body"] {
  const given = body ?? {};
  if (!shape) return given as GatewayRequest["body"];
  const { data, error } = shape.safeParse(given);
  const wrong = invalidParts(error?.issues ?? []);
  if (wrong.length > 0) throw invalidRequest(wrong);
  return data as GatewayRequest["body"];
}

/** The id that a part of the request gives; undefined: none that can be one. */
function readRef({ of, name }: EntityRef, { params, query, caller }: GatewayRequest): string | undefined {
  const id: unknown = of === "caller" ? caller.id : of === "params" ? params[name] : query[name];
  return typeof id === "string" && isEntityId(id) ? id : undefined;
}

/** The query parameters that name entities. */
export const namedInQuery = (...refs: readonly (EntityRef | undefined)[]): ReadonlySet<string> =>
  new Set(refs.flatMap((ref) => (ref?.of === "query" ? ref.name : [])));

/** @throws Problem not-found, with the contract's code */
export async function requireRef(system: System, ref: EntityRef, request: GatewayRequest): Promise<ShownEntity> {
  const id = readRef(ref, request);
  const entity = id === undefined ? undefined : await readEntity(system.store, system.name, id);
  if (entity && entity.state !== null) return shown(system.domain, entity, entity.lastSeenMs);
  throw await missing(system, ref, id ?? "");
}

/** The problem of an entity that is not there, in the contract's words where it has some; of a purged one with when. */
export async function missing(system: System, { missing: code }: EntityRef, id: string): Promise<Problem> {
  const { kind, message, options } = await unknownEntity(system, id);
  const said = options.code === undefined ? system.domain.refusals.get(code ?? "")?.message : undefined;
  return new Problem(kind, said ?? message, code === undefined ? options : { ...options, code });
}

/** Of what a view makes; what is nothing is not there. */
export const isNothing = (body: Json | undefined): body is null | undefined => body === null || body === undefined;
