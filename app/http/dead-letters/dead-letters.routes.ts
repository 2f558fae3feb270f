import { z } from "zod";
import { recordOperatorDecision, type OperatorDecision } from "../../../runtime/shell/operators/operator-decision.ts";
import type { System } from "../../host/system.ts";
import { decodeCursor, encodeCursor } from "../server/cursor.ts";
import {
  DeadLetter,
  deadLetterOf,
  findDeadLetters,
  readDeadLetter,
  DeadLetterDetail,
  deadLetterDetailOf,
  type DeadLetterDetailRow,
} from "./dead-letter-queries.ts";
import { retryMatching, retryDeadLetters } from "./dead-letter-retry.ts";
import { CursorParam, type Http, LimitParam, PROBLEMS } from "../server/route-types.ts";
import { parseBody } from "../server/json-body.ts";
import { notFound, Problem } from "../server/problem.ts";

const Query = z.object({
  code: z.string().max(64).optional().describe("its error code"),
  topic: z.string().max(255).optional().describe("the topic that it lay in"),
  retried: z
    .enum(["true", "false"])
    .transform((text) => text === "true")
    .optional(),
  limit: LimitParam(100),
  cursor: CursorParam,
});
const List = z.object({ items: z.array(DeadLetter), next_cursor: z.string().nullable() });
const Params = z.object({ id: z.uuid() });
const ReasonQuery = z.object({
  reason: z.string().min(1).max(1_024).optional().describe("why: it is kept in rollcall.operator_decision"),
});
const RetrySelection = z.strictObject({ code: z.string().max(64).optional(), topic: z.string().max(255).optional() });
const RetryResult = z.object({
  retried: z.int(),
  left: z.int().describe("of the same kind, not retried yet: a request takes at most 500, and what fails again is new"),
});

export function addDeadLetterRoutes(http: Http, { store, bus, domain, runtime }: System): void {
  const decision = (who: string, reason: string | null = null): OperatorDecision => ({
    domain: domain.name,
    who,
    reason,
    atMs: runtime.brokerTimeMs,
  });
  const requireDeadLetter = async (id: string): Promise<DeadLetterDetailRow> => {
    const row = await readDeadLetter(store, domain.name, id);
    if (!row) throw notFound(`there is no dead letter ${id}`);
    return row;
  };

  http.get(
    "/api/v1/dead-letters",
    {
      config: { access: ["reader"] },
      schema: {
        summary: "Dead letters, newest first",
        querystring: Query,
        response: { 200: List, ...PROBLEMS },
      },
    },
    async ({ query: { code, topic, retried, limit, cursor } }) => {
      const filter = { code, topic, retried };
      const scope = `dead letters ${JSON.stringify(filter)}`;
      const place = cursor === undefined ? undefined : decodeCursor(scope, cursor).map(String);
      const after = place && { at: place[0] ?? "", id: place[1] ?? "" };
      const found = await findDeadLetters(store, domain.name, filter, { after, limit: limit + 1 });
      const items = found.slice(0, limit);
      const last = found.length > limit ? items.at(-1) : undefined;
      return { items, next_cursor: last ? encodeCursor(scope, [last.at, last.id]) : null };
    },
  );

  http.get(
    "/api/v1/dead-letters/:id",
    {
      config: { access: ["reader"] },
      schema: {
        summary: "One of them, with its bytes",
        params: Params,
        response: { 200: DeadLetterDetail, ...PROBLEMS },
      },
    },
    async ({ params: { id } }) => deadLetterDetailOf(await requireDeadLetter(id)),
  );

  http.post(
    "/api/v1/dead-letters/:id/retry",
    {
      config: { access: [] },
      schema: {
        summary: "Publishes it to its topic again, byte for byte",
        description: "What fails again is a new dead letter: it has another offset.",
        params: Params,
        querystring: ReasonQuery,
        response: { 202: DeadLetter, ...PROBLEMS },
      },
    },
    async ({ params: { id }, query: { reason }, caller: { identity } }, reply) => {
      const row = await requireDeadLetter(id);
      if (deadLetterOf(row).truncated)
        throw new Problem(
          "conflict",
          `of its ${row.value_bytes} bytes only the first 256 KiB were kept: send the original`,
        );
      // First the word: of what is published without it nobody would know why.
      await recordOperatorDecision(store, "dead letter retry", subjectOf(row), decision(identity, reason));
      await retryDeadLetters(bus, store, [row]);
      return reply.code(202).send(deadLetterOf(await requireDeadLetter(id)));
    },
  );

  http.post(
    "/api/v1/dead-letters/retry",
    {
      config: { access: [] },
      schema: {
        summary: "Republishes all that match, oldest first",
        description: "At most 500: ask again while there are some left. Those that were cut are not taken.",
        querystring: ReasonQuery,
        body: RetrySelection,
        response: { 200: RetryResult, ...PROBLEMS },
      },
    },
    async ({ body, query: { reason }, caller: { identity } }) => {
      const kind = parseBody(RetrySelection, body, "{code?, topic?}");
      const named = [kind.code, kind.topic].filter((part) => part !== undefined).join(" of ");
      await recordOperatorDecision(store, "dead letter retry: all", named || "all", decision(identity, reason));
      return retryMatching(bus, store, domain.name, kind);
    },
  );

  http.delete(
    "/api/v1/dead-letters/:id",
    {
      config: { access: [] },
      schema: {
        summary: "Deletes it; the journal and the dead letter topic keep their copies",
        params: Params,
        querystring: ReasonQuery,
        response: { 204: z.undefined(), ...PROBLEMS },
      },
    },
    async ({ params: { id }, query: { reason }, caller: { identity } }, reply) => {
      const row = await requireDeadLetter(id);
      await store.transaction(async (tx) => {
        await tx.query(`delete from rollcall.dead_letter where id = $1::uuid`, [id]);
        await recordOperatorDecision(tx, "dead letter drop", subjectOf(row), decision(identity, reason));
      });
      return reply.code(204).send();
    },
  );
}

/** What it was, for those who read of it when it is gone. */
const subjectOf = ({ id, error_code, topic, partition, offset }: DeadLetterDetailRow): string =>
  `${id} ${error_code} ${topic}[${partition}]@${offset}`;
