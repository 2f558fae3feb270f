import type { TopicMessage } from "../../../runtime/contract/documents/topic-messages.ts";

/** Quotes a text as one word for a POSIX shell. */
export const shellQuote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

const TOKEN_HEADER = `-H "Authorization: Bearer $ROLLCALL_TOKEN"`;

/**
 * Sends or reads the message over HTTP.
 * @param path below which the domain's routes are
 */
export function curlLine({ direction, type }: TopicMessage, example: unknown, path: string): string {
  if (direction === "sent") return `curl -sN ${TOKEN_HEADER} "$ROLLCALL_URL${path}/events/stream?type=${type}"`;
  const body = JSON.stringify({ payload_type: type, payload: example });
  return (
    `curl -s ${TOKEN_HEADER} -H 'content-type: application/json' \\\n  -d ${shellQuote(body)} \\\n  ` +
    `"$ROLLCALL_URL${path}/events"`
  );
}

/** Sends or reads the message on its topic. With another partitioner than murmur2 it would have to be forwarded. */
export function kcatLine({ direction, topic }: TopicMessage, example: unknown, key: string): string {
  const broker = `kcat -b "$KAFKA_BOOTSTRAP_SERVERS" -t ${shellQuote(topic)}`;
  if (direction === "sent") return `${broker} -C -o end -f '%k %s\\n'`;
  return (
    `printf %s ${shellQuote(JSON.stringify(example))} |\n  ${broker} -P -k ${shellQuote(key)} -X ` +
    "topic.partitioner=murmur2_random"
  );
}
