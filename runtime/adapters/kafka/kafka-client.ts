import { connect, isIP, Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { Kafka, logLevel, type ISocketFactoryArgs, type LogEntry, type SASLOptions } from "kafkajs";
import { patchKafkajs } from "./kafkajs-patches.ts";
import type { KafkaLog, KafkaSettings } from "./kafka-options.ts";

const keepAliveDelayMs = 10_000;
/** The fields of kafkajs' log entries that are passed on: none of them can contain a record or a credential. */
const loggedDetails = ["broker", "groupId", "memberId", "topic", "partition", "error", "retryCount"] as const;

/**
 * A Kafka client whose connections can be broken at once. kafkajs waits for answers before it disconnects, and a
 * request on a socket that was lost waits for its timeout; `destroy` fails every pending request at once.
 */
export class KafkaClient {
  readonly kafka: Kafka;
  readonly #sockets = new Set<Socket>();
  #destroyed = false;

  constructor({ brokers, clientId, sasl, ssl, limits, log }: KafkaSettings) {
    patchKafkajs();
    this.kafka = new Kafka({
      brokers: [...brokers],
      clientId,
      ...(sasl && { sasl: { ...sasl } as SASLOptions }),
      ...(ssl !== undefined && { ssl }),
      connectionTimeout: Math.min(3_000, limits.connectTimeoutMs),
      requestTimeout: limits.requestTimeoutMs,
      // Set here because kafkajs' defaults differ when NODE_ENV is "test". Each retry may go to another broker.
      retry: { initialRetryTime: 100, maxRetryTime: 1_000, factor: 0.2, multiplier: 2, retries: 4 + brokers.length },
      socketFactory: (wanted) => this.#openSocket(wanted),
      logLevel: logLevel.WARN,
      logCreator: () => (entry) => this.#destroyed || forwardLogEntry(entry, log),
    });
  }

  /** Breaks all connections and refuses new ones. Idempotent. */
  destroy(): void {
    this.#destroyed = true;
    for (const socket of this.#sockets) breakOff(socket);
  }

  #openSocket({ host, port, ssl, onConnect }: ISocketFactoryArgs): Socket {
    if (this.#destroyed) {
      const socket = new Socket();
      process.nextTick(breakOff, socket);
      return socket;
    }
    const servername = isIP(host) === 0 ? { servername: host } : {};
    // kafkajs passes `ssl: true` through unchanged.
    const tls = typeof ssl === "object" ? ssl : {};
    const socket = ssl
      ? connectTls({ host, port, ...servername, ...tls }, onConnect)
      : connect({ host, port, noDelay: true }, onConnect);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, keepAliveDelayMs);
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    return socket;
  }
}

/** With an error: without one, kafkajs does not notice that the socket is gone. */
function breakOff(socket: Socket): void {
  socket.destroy(new Error("the client was closed"));
}

/** kafkajs logs normal events as warnings, and requests that it retries as errors: both go down one level. */
function forwardLogEntry({ level, namespace, log: { message, ...rest } }: LogEntry, log: KafkaLog): void {
  const details: Record<string, string | number> = { from: `kafkajs ${namespace}` };
  for (const name of loggedDetails) {
    const value: unknown = rest[name];
    if (typeof value === "string" || typeof value === "number") details[name] = value;
  }
  log(level === logLevel.ERROR ? "warn" : "info", message, details);
}
