import { z } from "zod";
import { recordOperatorDecision } from "../../../runtime/stored/operator-decisions.ts";
import { deleteDeadLetter, type StoredDeadLetter } from "../../../runtime/stored/dead-letters.ts";
import type { System } from "../../host/compose.ts";
import { decodeCursor, pageOf } from "../server/cursor.ts";
import { parseBody } from "../server/json-body.ts";
import { decisionBy, Reason } from "../server/operator-decision.ts";
import { Problem } from "../server/problem.ts";
import { apiRoute, CursorParam, type Http, LimitParam } from "../server/route-types.ts";
import type { DomainApi } from "../server/domain-api.ts";
import {
  DeadLetter,
  DeadLetterDetail,
  deadLetterDetailOf,
  deadLetterOf,
  findDeadLetters,
  requireDeadLetter,
  retryDeadLetters,
  retryMatching,
} from "./dead-letters.ts";

const Query = z.object({
  code: z.string().max(64).optional().describe("only with this error code"),
  topic: z.string().max(255).optional().describe("only of this topic"),
  retried: z
    .enum(["true", "false"])
    .transform((text) => text === "true")
    .optional(),
  limit: LimitParam(100),
  cursor: CursorParam,
});
const List = z.object({ items: z.array(DeadLetter), next_cursor: z.string().nullable() });
const Params = z.object({ id: z.uuid() });
const ReasonQuery = z.object({ reason: Reason.optional() });
const RetrySelection = z.strictObject({ code: z.string().max(64).optional(), topic: z.string().max(255).optional() });
const RetryResult = z.object({
  retried: z.int(),
  left: z.int().describe("that match and are not retried yet: one request retries at most 500"),
});

export function addDeadLetterRoutes(http: Http, { system }: DomainApi): void {
  addReadRoutes(http, system);
  addRetryRoutes(http, system);
  addDeleteRoute(http, system);
}

function addReadRoutes(http: Http, system: System): void {
  http.get(
    "/dead-letters",
    apiRoute(["reader"], { summary: "Dead letters, newest first", querystring: Query, response: { 200: List } }),
    async ({ query: { limit, cursor, ...filter } }) => {
      const scope = `dead letters of ${system.name} ${JSON.stringify(filter)}`;
      const [at = "", id = ""] = cursor === undefined ? [] : decodeCursor(scope, cursor).map(String);
      const after = cursor === undefined ? undefined : { at, id };
      const found = await findDeadLetters(system, { ...filter, after }, limit + 1);
      return pageOf(found, limit, scope, (last) => [last.at, last.id]);
    },
  );

  http.get(
    "/dead-letters/:id",
    apiRoute(["reader"], {
      summary: "One dead letter, with the message as it came",
      params: Params,
      response: { 200: DeadLetterDetail },
    }),
    async ({ params: { id } }) => deadLetterDetailOf(await requireDeadLetter(system, id)),
  );
}

// A decision is recorded before what it publishes: a message without one could not be explained later.
function addRetryRoutes(http: Http, system: System): void {
  const { store } = system;

  http.post(
    "/dead-letters/:id/retry",
    apiRoute([], {
      summary: "Publishes it to its topic again, byte for byte",
      description: "If it fails again, it becomes a new dead letter: it has another offset.",
      params: Params,
      querystring: ReasonQuery,
      response: { 202: DeadLetter },
    }),
    async ({ params: { id }, query: { reason }, caller: { identity } }, reply) => {
      const row = await requireDeadLetter(system, id);
      if (row.isTruncated)
        throw new Problem(
          "conflict",
          `only the first 256 KiB of its ${row.valueBytes} bytes were kept: send the original message again`,
        );
      await recordOperatorDecision(store, "dead letter retry", subjectOf(row), decisionBy(system, identity, reason));
      await retryDeadLetters(system, [row]);
      return reply.code(202).send(deadLetterOf(await requireDeadLetter(system, id)));
    },
  );

  http.post(
    "/dead-letters/retry",
    apiRoute([], {
      summary: "Republishes all that match, oldest first",
      description: "At most 500: repeat it while some are left. Truncated messages are left out.",
      querystring: ReasonQuery,
      body: RetrySelection,
      response: { 200: RetryResult },
    }),
    async ({ body, query: { reason }, caller: { identity } }) => {
      const selection = parseBody(RetrySelection, body, "{code?, topic?}");
      const subject = [selection.code, selection.topic].filter((part) => part !== undefined).join(" of ") || "all";
      const decision = decisionBy(system, identity, reason);
      await recordOperatorDecision(store, "dead letter retry: all", subject, decision);
      return retryMatching(system, selection);
    },
  );
}

function addDeleteRoute(http: Http, system: System): void {
  http.delete(
    "/dead-letters/:id",
    apiRoute([], {
      summary: "Deletes it; the journal and the dead letter topic keep their copies",
      params: Params,
      querystring: ReasonQuery,
      response: { 204: z.undefined() },
    }),
    async ({ params: { id }, query: { reason }, caller: { identity } }, reply) => {
      const row = await requireDeadLetter(system, id);
      await system.store.transaction(async (tx) => {
        await deleteDeadLetter(tx, id);
        await recordOperatorDecision(tx, "dead letter drop", subjectOf(row), decisionBy(system, identity, reason));
      });
      return reply.code(204).send();
    },
  );
}

/** Describes it in the record of decisions, which outlives it. */
const subjectOf = ({ id, code, topic, partition, offset }: StoredDeadLetter): string =>
  `${id} ${code} ${topic}[${partition}]@${offset}`;
