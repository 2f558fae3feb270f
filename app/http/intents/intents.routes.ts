import { z } from "zod";
import { readWaitingIntents } from "../../../runtime/stored/intents.ts";
import { recordOperatorDecision } from "../../../runtime/stored/operator-decisions.ts";
import type { System } from "../../host/compose.ts";
import { decisionBy, Reason } from "../server/operator-decision.ts";
import { Problem } from "../server/problem.ts";
import { apiRoute, type Http } from "../server/route-types.ts";
import type { DomainApi } from "../server/domain-api.ts";

const WAITING_MAX = 1_000;

export const WaitingIntent = z.object({
  id: z.string().describe("the intent's; of a refused deadline or publish there is none: null").nullable(),
  type: z.string().describe("of the intent, or of the message that the store refuses"),
  entity_id: z.string().nullable(),
  status: z
    .enum(["not_yet", "refused"])
    .describe("not_yet: its effect answers so; refused: the store refuses the turn of its outcome"),
  since: z.iso.datetime(),
  note: z.string().describe("what the effect said first, or the store's words"),
});
export type WaitingIntent = z.infer<typeof WaitingIntent>;

const List = z.object({
  items: z.array(WaitingIntent).describe(`longest first; at most ${WAITING_MAX} of those that are not done yet`),
  not_yet: z.int().describe("how many effects answer that they are not done yet, over all processes"),
});
const Params = z.object({ id: z.string().min(1).max(255) });
const EndQuery = z.object({
  by: z.string().min(1).max(255).optional().describe("who decides this; the caller's identity is kept as well"),
  reason: Reason,
});
const Ended = z.object({ id: z.string(), type: z.string(), entity_id: z.string(), target: z.string() });

export function addIntentRoutes(http: Http, { system }: DomainApi): void {
  http.get(
    "/intents",
    apiRoute(["reader"], {
      summary: "Intents that wait for something other than their next try",
      description:
        "Those of which the effect answers that it is not done yet; and what the store refuses, as far as " +
        "this process serves it.",
      response: { 200: List },
    }),
    () => listWaiting(system),
  );

  http.post(
    "/intents/:id/end",
    apiRoute([], {
      summary: "Ends an intent without an outcome",
      description:
        "Also one that fails again and again, or of which the store refuses the outcome. One that is being called " +
        "ends with that call. Nothing is undone. Journaled, with who and why; kept in rollcall.operator_decision.",
      params: Params,
      querystring: EndQuery,
      response: { 202: Ended },
    }),
    async ({ params: { id }, query: { by, reason }, caller: { identity } }, reply) => {
      const decision = decisionBy(system, by === undefined ? identity : `${by} (${identity})`, reason);
      const ended = system.runtime.endIntent(id, `ended by ${decision.who}: ${reason}`);
      if (!ended)
        throw new Problem(
          "conflict",
          `no open intent ${id} is known here: it has ended, its outcome is being stored, or another process has it`,
        );
      const { type, entityId: entity_id, target } = ended;
      await recordOperatorDecision(system.store, "intent end", id, decision);
      return reply.code(202).send({ id, type, entity_id, target });
    },
  );
}

async function listWaiting({ store, name, runtime }: System): Promise<z.infer<typeof List>> {
  const { count, longest } = await readWaitingIntents(store, name, WAITING_MAX);
  const since = (ms: number): string => new Date(ms).toISOString();
  const notYet = longest.map(({ id, type, entityId, sinceMs, note }) => ({
    ...{ id, type, entity_id: entityId, status: "not_yet" as const, since: since(sinceMs), note },
  }));
  const refused = runtime.status().refusedTurns.map(({ intentId, type, entityId, sinceMs, error }) => ({
    ...{ id: intentId, type, entity_id: entityId, status: "refused" as const, since: since(sinceMs), note: error },
  }));
  return { items: [...refused, ...notYet], not_yet: count };
}
