import { z } from "zod";
import { keepWord, type Word } from "../../../runtime/shell/operators/operator-decision.ts";
import type { System } from "../../host/system.ts";
import { decodeCursor, encodeCursor } from "../server/cursor.ts";
import {
  DeadLetter,
  deadLetterOf,
  findDeadLetters,
  readDeadLetter,
  WholeDeadLetter,
  wholeDeadLetterOf,
  type WholeRow,
} from "./dead-letter-queries.ts";
import { retryAll, retryDeadLetters } from "./dead-letter-retry.ts";
import { Cursor, type Http, Limit, PROBLEMS } from "../server/route-types.ts";
import { bodyAs } from "../server/json-body.ts";
import { notFound, Problem } from "../server/problem.ts";

const Query = z.object({
  code: z.string().max(64).optional().describe("its error code"),
  topic: z.string().max(255).optional().describe("the topic that it lay in"),
  retried: z
    .enum(["true", "false"])
    .transform((text) => text === "true")
    .optional(),
  limit: Limit(100),
  cursor: Cursor,
});
const List = z.object({ items: z.array(DeadLetter), next_cursor: z.string().nullable() });
const Params = z.object({ id: z.uuid() });
const Reason = z.object({
  reason: z.string().min(1).max(1_024).optional().describe("why: it is kept in rollcall.operator_word"),
});
const Kind = z.strictObject({ code: z.string().max(64).optional(), topic: z.string().max(255).optional() });
const Retried = z.object({
  retried: z.int(),
  left: z.int().describe("of the same kind, not retried yet: a request takes at most 500, and what fails again is new"),
});

export function addDeadLetterRoutes(http: Http, { store, bus, domain, runtime }: System): void {
  const word = (who: string, reason: string | null = null): Word => ({
    domain: domain.name,
    who,
    reason,
    atMs: runtime.brokerTimeMs,
  });
  const deadLetter = async (id: string): Promise<WholeRow> => {
    const row = await readDeadLetter(store, domain.name, id);
    if (!row) throw notFound(`there is no dead letter ${id}`);
    return row;
  };

  http.get(
    "/api/v1/dead-letters",
    {
      config: { access: ["reader"] },
      schema: {
        summary: "Messages that could not be taken, newest first",
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
        response: { 200: WholeDeadLetter, ...PROBLEMS },
      },
    },
    async ({ params: { id } }) => wholeDeadLetterOf(await deadLetter(id)),
  );

  http.post(
    "/api/v1/dead-letters/:id/retry",
    {
      config: { access: [] },
      schema: {
        summary: "Publishes it to its topic again, byte for byte",
        description: "What fails again is a new dead letter: it has another offset.",
        params: Params,
        querystring: Reason,
        response: { 202: DeadLetter, ...PROBLEMS },
      },
    },
    async ({ params: { id }, query: { reason }, caller: { identity } }, reply) => {
      const row = await deadLetter(id);
      if (deadLetterOf(row).truncated)
        throw new Problem(
          "conflict",
          `of its ${row.value_bytes} bytes only the first 256 KiB were kept: send the original`,
        );
      // First the word: of what is published without it nobody would know why.
      await keepWord(store, "dead letter retry", subjectOf(row), word(identity, reason));
      await retryDeadLetters(bus, store, [row]);
      return reply.code(202).send(deadLetterOf(await deadLetter(id)));
    },
  );

  http.post(
    "/api/v1/dead-letters/retry",
    {
      config: { access: [] },
      schema: {
        summary: "Publishes those of one kind again, the oldest first",
        description: "At most 500: ask again while there are some left. Those that were cut are not taken.",
        querystring: Reason,
        body: Kind,
        response: { 200: Retried, ...PROBLEMS },
      },
    },
    async ({ body, query: { reason }, caller: { identity } }) => {
      const kind = bodyAs(Kind, body, "{code?, topic?}");
      const named = [kind.code, kind.topic].filter((part) => part !== undefined).join(" of ");
      await keepWord(store, "dead letter retry: all", named || "every kind", word(identity, reason));
      return retryAll(bus, store, domain.name, kind);
    },
  );

  http.delete(
    "/api/v1/dead-letters/:id",
    {
      config: { access: [] },
      schema: {
        summary: "Forgets it; the journal and the dead letter topic keep theirs",
        params: Params,
        querystring: Reason,
        response: { 204: z.undefined(), ...PROBLEMS },
      },
    },
    async ({ params: { id }, query: { reason }, caller: { identity } }, reply) => {
      const row = await deadLetter(id);
      await store.transaction(async (tx) => {
        await tx.query(`delete from rollcall.dead_letter where id = $1::uuid`, [id]);
        await keepWord(tx, "dead letter drop", subjectOf(row), word(identity, reason));
      });
      return reply.code(204).send();
    },
  );
}

/** What it was, for those who read of it when it is gone. */
const subjectOf = ({ id, error_code, topic, partition, offset }: WholeRow): string =>
  `${id} ${error_code} ${topic}[${partition}]@${offset}`;
