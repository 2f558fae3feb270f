import { z } from "zod";
import type { JournalLine } from "../../../runtime/core/journal.ts";
import { isLetterOf, latestGroups, type LineGroup, newestLineOf } from "../../../runtime/stored/entity-lines.ts";
import type { System } from "../../host/compose.ts";
import { domainPath } from "../server/domains.ts";
import { apiRoute, type Http } from "../server/route-types.ts";
import { readRecord } from "./entity-queries.ts";

export const MessageStatus = z.object({
  message_id: z.string(),
  domain: z.string(),
  entity_id: z.string(),
  status: z
    .enum(["not_known", "taken", "dead_letter"])
    .describe(
      "not_known: no turn has taken it yet, or its type is not journaled, or it was about an entity that was not " +
        "there, or that was too long ago",
    ),
  result: z.string().nullable().describe("of its step: changed, no_op, declined, ..."),
  code: z.string().nullable().describe("why it was declined, or is a dead letter"),
  reason: z.string().nullable(),
  state: z.string().nullable().describe("of the entity after its step"),
  events: z.array(z.string()).describe("that its step led to"),
  at: z.string().nullable().describe("when a turn took it"),
});
export type MessageStatus = z.infer<typeof MessageStatus>;

/** Where `readMessageStatus` is asked: the same path on each port that takes messages of the domain. */
export const messagePath = (domain: string, entityId: string, messageId: string): string =>
  `${domainPath(domain)}/entities/${encodeURIComponent(entityId)}/messages/${messageId}`;

/** What became of a message. @throws Fault of the store; JOURNAL_DAMAGED */
export async function readMessageStatus(system: System, entityId: string, messageId: string): Promise<MessageStatus> {
  const subject = { message_id: messageId, domain: system.name, entity_id: entityId };
  const found = await findGroup(system, entityId, messageId);
  if (!found)
    return {
      ...subject,
      status: "not_known",
      result: null,
      code: null,
      reason: null,
      state: null,
      events: [],
      at: null,
    };
  const { head, behind } = found;
  const events = behind.flatMap((line) => (line.kind === "event" ? line.type : []));
  if (head.kind === "dead_letter") {
    const told = { code: head.code, reason: head.error, result: null, state: null };
    return { ...subject, ...told, status: "dead_letter", events, at: head.at };
  }
  const { result, declined, reason, state, at } = head;
  return { ...subject, status: "taken", result, code: declined?.code ?? null, reason, state, events, at };
}

type Taken = LineGroup & {
  readonly head: Extract<JournalLine, { readonly kind: "message" } | { readonly kind: "dead_letter" }>;
};

async function findGroup(system: System, entityId: string, messageId: string): Promise<Taken | undefined> {
  const record = await readRecord(system, entityId);
  const newest = record && newestLineOf(record);
  if (!record || !newest) return undefined;
  for await (const { head, behind } of latestGroups(system.store, system.name, record.partition, entityId, newest)) {
    if (head.kind === "message" && head.id === messageId) return { head, behind };
    if (head.kind === "dead_letter" && isLetterOf(head, messageId)) return { head, behind };
  }
  return undefined;
}

export function addMessageStatusRoute(http: Http, system: System): void {
  const params = z.object({ id: z.string().min(1).max(255), message_id: z.string().min(1).max(255) });
  http.get(
    "/entities/:id/messages/:message_id",
    apiRoute(["reader"], { summary: "What became of a message", params, response: { 200: MessageStatus } }),
    ({ params: { id, message_id } }) => readMessageStatus(system, id, message_id),
  );
}
