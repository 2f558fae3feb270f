import type { IHeaders, KafkaMessage } from "kafkajs";
import type { BusRecord } from "../../ports/event-bus.ts";

export function toBusRecord(topic: string, partition: number, message: KafkaMessage, receivedAtMs: number): BusRecord {
  return {
    topic,
    partition,
    offset: Number(message.offset),
    key: message.key,
    value: message.value,
    headers: lastHeaderValues(message.headers ?? {}),
    brokerTimeMs: Number(message.timestamp),
    receivedAtMs,
  };
}

function lastHeaderValues(headers: IHeaders): Readonly<Record<string, Buffer>> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, content]) => {
      const last = Array.isArray(content) ? content.at(-1) : content;
      // A header's value may be null; kafkajs' type lacks it.
      return [name, Buffer.isBuffer(last) ? last : Buffer.from(last ?? "")];
    }),
  );
}
