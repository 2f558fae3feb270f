import { connect, isIP, Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { Kafka, logLevel, type ISocketFactoryArgs, type KafkaConfig, type LogEntry, type SASLOptions } from "kafkajs";
import type { Clock } from "../../ports/clock.ts";
import { busUnavailable } from "./kafka-faults.ts";
import { ownSocketFactories, patchKafkajs } from "./kafkajs-patches.ts";

type KafkaLog = (
  level: "info" | "warn" | "error",
  message: string,
  details: Readonly<Record<string, string | number>>,
) => void;

const defaults = {
  /** Without a heartbeat for this long, the group gives a member's partitions to others. */
  sessionTimeoutMs: 30_000,
  /** How long it may take until a member learns that the group is changing. */
  heartbeatIntervalMs: 1_000,
  /** For connecting, in `prepare`, `subscribe` and `describe`. */
  connectTimeoutMs: 5_000,
  log: (() => {}) as KafkaLog,
};

export interface KafkaBusOptions extends Partial<Readonly<typeof defaults>> {
  /** `host:port` each. */
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly groupId: string;
  readonly sasl?: {
    readonly mechanism: "plain" | "scram-sha-256" | "scram-sha-512";
    readonly username: string;
    readonly password: string;
  };
  readonly ssl?: Exclude<KafkaConfig["ssl"], undefined>;
  readonly clock: Clock;
  /** Called between the calls into which a large publish is split, when a part is confirmed. For crash tests. */
  readonly onPartPublished?: () => void;
}

export type KafkaSettings = ReturnType<typeof withDefaults>;
export const withDefaults = (options: KafkaBusOptions) => ({ ...defaults, ...options });

/** Of one request. A publish is repeated after it until its own timeout has passed. */
export const requestTimeoutMs = 10_000;
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
  readonly #giveUp = new Set<(why: string) => void>();
  #destroyed = false;

  /** @param retries beyond those that try each broker; few where the caller tries again, with the broker's own error */
  constructor({ brokers, clientId, sasl, ssl, log }: KafkaSettings, retries = 0) {
    patchKafkajs();
    const socketFactory = (wanted: ISocketFactoryArgs): Socket => this.#openSocket(wanted);
    ownSocketFactories.add(socketFactory);
    this.kafka = new Kafka({
      brokers: [...brokers],
      clientId,
      ...(sasl && { sasl: { ...sasl } as SASLOptions }),
      ...(ssl !== undefined && { ssl }),
      connectionTimeout: 3_000,
      requestTimeout: requestTimeoutMs,
      // Set here because kafkajs' defaults differ when NODE_ENV is "test". Each retry may go to another broker.
      retry: {
        initialRetryTime: 100,
        maxRetryTime: 1_000,
        factor: 0.2,
        multiplier: 2,
        retries: retries + brokers.length,
      },
      socketFactory,
      logLevel: logLevel.WARN,
      logCreator: () => (entry) => this.#destroyed || forwardLogEntry(entry, log),
    });
  }

  /**
   * Waits for work of this client; rejects with BUS_UNAVAILABLE when it takes longer, and at `destroy`: kafkajs goes on
   * connecting for seconds after its sockets were broken. The work itself can't be cancelled; its result is ignored.
   */
  within<Result>(timeoutMs: number, what: string, work: Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      const giveUp = (why: string): void => reject(busUnavailable(`${what}: ${why}`));
      const timer = setTimeout(giveUp, timeoutMs, `no answer within ${timeoutMs} ms`);
      this.#giveUp.add(giveUp);
      void work.then(resolve, reject).finally(() => {
        clearTimeout(timer);
        this.#giveUp.delete(giveUp);
      });
    });
  }

  /** Breaks all connections and refuses new ones. Idempotent. */
  destroy(): void {
    this.#destroyed = true;
    for (const socket of this.#sockets) breakOff(socket);
    for (const giveUp of this.#giveUp) giveUp("the connection was closed");
  }

  #openSocket({ host, port, ssl, onConnect }: ISocketFactoryArgs): Socket {
    if (this.#destroyed) {
      const socket = new Socket();
      process.nextTick(breakOff, socket);
      return socket;
    }
    const address = { host, port, ...(isIP(host) === 0 && { servername: host }) };
    // kafkajs passes `ssl: true` through unchanged.
    const socket = ssl
      ? connectTls({ ...address, ...(typeof ssl === "object" && ssl) }, onConnect)
      : connect(address, onConnect);
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
