import type { FastifyRequest } from "fastify";
import type { FollowsCall } from "../../../runtime/core/gateway.ts";
import type { RowsQuery } from "../../../runtime/core/rows-query.ts";
import { narrowed } from "../../../runtime/core/snapshot-rows.ts";
import { readRows } from "../../../runtime/stored/projection-rows.ts";
import { invalidRequest } from "../server/problem.ts";
import type { GatewayContext } from "./gateway-context.ts";
import type { Snapshot } from "./gateway-stream.ts";
import { ownRows, takeTurn } from "./lists.ts";

type Query = Readonly<Record<string, string>>;

/** Whether the reader wants to know what there is. @throws Problem invalid-request */
export function wantsSnapshot({ beginsWith }: FollowsCall, query: Query): boolean {
  const { parameter } = beginsWith ?? {};
  if (parameter === undefined) return beginsWith !== undefined;
  const asked = query[parameter] ?? "false";
  if (asked !== "true" && asked !== "false") throw invalidRequest([{ parameter, detail: "it is true or false" }]);
  return asked === "true";
}

/**
 * The rows that the reader's parameters are for, read when they are asked for.
 * @throws Problem overloaded: two are written at the listener, whole lists counted too
 */
export function snapshotOf(
  context: GatewayContext,
  request: FastifyRequest,
  { beginsWith, select, allEntities }: FollowsCall,
  query: Query,
  entityId: string | undefined,
): Snapshot | undefined {
  if (!beginsWith) return undefined;
  const { domain: name, projection, view } = beginsWith;
  const { store, domain } = context.domain(name).system;
  const spec = domain.projections.find((each) => each.name === projection);
  if (!spec) throw new Error(`there is no projection ${projection}: serve only what was checked`);
  const { caller } = request;
  const [column = ""] = spec.key;
  const where: RowsQuery["where"] = [
    ...narrowed(spec, select, query),
    ...(allEntities ? [] : ownRows(spec, caller)),
    ...(entityId === undefined ? [] : [{ column, test: "equals" as const, value: entityId }]),
  ];
  const shownTo = { caller: caller.door, now: context.clock.wallMs() };
  async function* pieces(): AsyncGenerator<readonly string[]> {
    const read = spec ? readRows(store, spec, { where, sort: [] }) : [];
    for await (const piece of read) yield piece.map((row) => JSON.stringify(view(row, shownTo)));
  }
  return { domain: name, projection, pieces: pieces(), release: takeTurn(context, request) };
}
