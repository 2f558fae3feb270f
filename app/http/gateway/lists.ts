import { randomUUID } from "node:crypto";
import { Readable } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { GatewayRequest, ShownList } from "../../../runtime/core/gateway-code.ts";
import type { ListCall } from "../../../runtime/core/gateway.ts";
import type { ProjectionSpec, Row } from "../../../runtime/core/projection.ts";
import { type RowsQuery, RowsQueryError } from "../../../runtime/core/rows-query.ts";
import {
  encodeCursor,
  frameOf,
  NO_CURSOR,
  parametersOfList,
  readListRequest,
  type SentQuery,
} from "../../../runtime/gateway/list-request.ts";
import { positionOf, queryText } from "../../../runtime/stored/projection-query.ts";
import { countOlderRows, countRows, readRows } from "../../../runtime/stored/projection-rows.ts";
import type { Caller } from "../server/access.ts";
import { invalidRequest, Problem } from "../server/problem.ts";
import { type GatewayContext, routedOf } from "./gateway-context.ts";
import { readListQuery } from "./read-request.ts";
import { cutWhenItFails } from "./whole-list.ts";

/** How many rows of the list are older than their entities, since their function failed; left out where none is. */
const OLDER_ROWS_HEADER = "rollcall-older-rows";
/** Lists without a page that a listener writes at once: each may hold a connection of the store for long. */
const WHOLE_LISTS_MAX = 2;

interface Asked {
  readonly spec: ProjectionSpec;
  readonly rows: RowsQuery;
  /** What the shape declares. */
  readonly query: GatewayRequest["query"];
}

/** Lists rows of a projection: a page, or all of them piece by piece, which is cut when it fails midway. */
export async function showList(
  context: GatewayContext,
  request: FastifyRequest,
  reply: FastifyReply,
  call: ListCall,
): Promise<FastifyReply> {
  const { store, domain } = context.domain(routedOf(request).call.domain).system;
  const spec = domain.projections.find(({ name }) => name === call.projection);
  if (!spec) throw new Error(`there is no projection ${call.projection}: serve only what was checked`);
  const asked = readAsked(call, spec, request);
  const isWhole = asked.rows.limit === undefined;
  if (isWhole) reply.raw.once("close", takeTurn(context, request));
  const older = await countOlderRows(store, spec, asked.rows);
  if (older > 0) void reply.header(OLDER_ROWS_HEADER, String(older));
  const total = call.total ? await countRows(store, spec, { where: asked.rows.where }) : null;
  const { view } = call;
  const shownTo = { caller: request.caller.door, now: context.clock.wallMs() };
  const written = (row: Row): string => JSON.stringify(view ? view(row, shownTo) : row);
  void reply.type("application/json");
  if (!isWhole) {
    const { found, next } = await readPage(readRows(store, spec, pageQuery(call, asked.rows)), call, asked);
    if (next !== undefined) void reply.header("link", nextLink(context, request, call, next));
    const { before, after } = bodyFrame(call, asked, total, next);
    return reply.send(after === undefined ? before : `${before}[${found.map(written).join(",")}]${after}`);
  }
  const { before, after } = bodyFrame(call, asked, total, undefined);
  if (after === undefined) return reply.send(before);
  if (request.method === "HEAD") return sendHead(reply);
  const parts = listParts(readRows(store, spec, asked.rows), written, before, after);
  return reply.send(Readable.from(cutWhenItFails(context, request, reply, parts)));
}

function readAsked(call: ListCall, spec: ProjectionSpec, request: FastifyRequest): Asked {
  const sent = readListRequest(call, spec, request.query as SentQuery);
  const query = readListQuery(sent, call.shape?.query, parametersOfList(call));
  const { rows } = sent;
  const where = call.allEntities ? rows.where : [...rows.where, ...ownRows(spec, request.caller)];
  const asked = { spec, query, rows: { ...rows, where } };
  try {
    queryText(spec, asked.rows);
  } catch (error) {
    // The contract was checked: only a cursor that somebody has made up is left.
    if (!(error instanceof RowsQueryError)) throw error;
    throw invalidRequest([{ parameter: call.page?.names.page ?? "", detail: NO_CURSOR }]);
  }
  return asked;
}

/** A node's token is held to its own entities. */
export function ownRows({ key: [column = ""] }: ProjectionSpec, { actsFor }: Caller): RowsQuery["where"] {
  if (actsFor === undefined) return [];
  return [
    actsFor.endsWith("*")
      ? { column, test: "prefix", value: actsFor.slice(0, -1) }
      : { column, test: "equals", value: actsFor },
  ];
}

/** @returns what lets others have their turn @throws Problem overloaded */
export function takeTurn({ wholeLists }: GatewayContext, request: FastifyRequest): () => void {
  const listener = routedOf(request).gateway?.listener.name ?? "";
  const count = wholeLists.get(listener) ?? 0;
  if (count >= WHOLE_LISTS_MAX)
    throw new Problem("overloaded", `${count} whole lists are being written: ask for a page, or again`, {
      retryAfterSeconds: 1,
    });
  wholeLists.set(listener, count + 1);
  return () => void wholeLists.set(listener, (wholeLists.get(listener) ?? 1) - 1);
}

/** With a cursor one row more is read, which tells whether there is a next page. */
const pageQuery = ({ page }: ListCall, rows: RowsQuery): RowsQuery =>
  page?.style === "cursor" && rows.limit !== undefined ? { ...rows, limit: rows.limit + 1 } : rows;

async function readPage(
  pieces: AsyncIterable<readonly Row[]>,
  { page }: ListCall,
  { spec, rows: { limit, sort } }: Asked,
): Promise<{ readonly found: readonly Row[]; readonly next: string | undefined }> {
  const read: Row[] = [];
  for await (const piece of pieces) read.push(...piece);
  const found = read.slice(0, limit);
  const last = found.at(-1);
  const isLast = page?.style !== "cursor" || read.length === found.length || !last;
  return { found, next: isLast ? undefined : encodeCursor(sort, positionOf(spec, sort, last)) };
}

function bodyFrame(
  { shape }: ListCall,
  { query, rows: { limit: size, offset = 0 } }: Asked,
  total: number | null,
  next: string | undefined,
) {
  const shown: Omit<ShownList, "rows"> = { query, total, page: { size, offset, next } };
  return frameOf((rows) => (shape ? shape({ ...shown, rows }) : rows), randomUUID());
}

function nextLink({ link }: GatewayContext, { url }: FastifyRequest, { page }: ListCall, next: string): string {
  const [path = "", query = ""] = url.split("?", 2);
  const parameters = new URLSearchParams(query);
  parameters.set(page?.names.page ?? "", next);
  return `<${link(`${path}?${parameters.toString()}`)}>; rel="next"`;
}

async function* listParts(
  pieces: AsyncIterable<readonly Row[]>,
  written: (row: Row) => string,
  before: string,
  after: string,
): AsyncGenerator<string> {
  let begin = `${before}[`;
  for await (const piece of pieces) {
    yield begin + piece.map(written).join(",");
    begin = ",";
  }
  yield begin === "," ? `]${after}` : `${begin}]${after}`;
}

/** As the answer to GET begins, whose length is not known either. */
function sendHead(reply: FastifyReply): FastifyReply {
  const { raw } = reply.hijack();
  raw.writeHead(200, reply.getHeaders() as Record<string, string>).end();
  return reply;
}
