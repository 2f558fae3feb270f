import { z } from "zod";
import { BROKER_TIME, REKEYED } from "../../runtime/shell/intake.ts";
import type { System } from "../system.ts";
import { decodeCursor, encodeCursor } from "./cursor.ts";
import {
  DeadLetter,
  deadLetterOf,
  findDeadLetters,
  readDeadLetter,
  WholeDeadLetter,
  wholeDeadLetterOf,
  type WholeRow,
} from "./dead-letter-rows.ts";
import { Cursor, type Http, Limit, PROBLEMS } from "./http.ts";
import { notFound, Problem } from "./problem.ts";

const PUBLISH_MS = 10_000;

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

export function addDeadLetterRoutes(http: Http, { store, bus, domain }: System): void {
  const deadLetter = async (id: string): Promise<WholeRow> => {
    const row = await readDeadLetter(store, domain.name, id);
    if (!row) throw notFound(`there is no dead letter ${id}`);
    return row;
  };

  http.get(
    "/api/v1/dead-letters",
    { config: { access: ["reader"] }, schema: { summary: "Messages that could not be taken, newest first", querystring: Query, response: { 200: List, ...PROBLEMS } } }, // prettier-ignore
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
    { config: { access: ["reader"] }, schema: { summary: "One of them, with its bytes", params: Params, response: { 200: WholeDeadLetter, ...PROBLEMS } } }, // prettier-ignore
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
        response: { 202: DeadLetter, ...PROBLEMS },
      },
    },
    async ({ params: { id } }, reply) => {
      const row = await deadLetter(id);
      if (deadLetterOf(row).truncated)
        throw new Problem("conflict", `of its ${row.value_bytes} bytes only the first 256 KiB were kept: send the original`); // prettier-ignore
      // Without the marks of a rekeyed copy: it may be misplaced once more, and then it goes where it belongs.
      const { [REKEYED]: _from, [BROKER_TIME]: _at, ...headers } = row.headers;
      const { topic, partition, key, value } = row;
      await bus.publish([{ topic, partition, key, value, headers }], { timeoutMs: PUBLISH_MS });
      await store.query(`update rollcall.dead_letter set retried_at = now() where id = $1::uuid`, [id]);
      return reply.code(202).send(deadLetterOf(await deadLetter(id)));
    },
  );

  http.delete(
    "/api/v1/dead-letters/:id",
    {
      config: { access: [] },
      schema: {
        summary: "Forgets it; the journal and the dead letter topic keep theirs",
        params: Params,
        response: { 204: z.undefined(), ...PROBLEMS },
      },
    },
    async ({ params: { id } }, reply) => {
      await deadLetter(id);
      await store.query(`delete from rollcall.dead_letter where id = $1::uuid`, [id]);
      return reply.code(204).send();
    },
  );
}
