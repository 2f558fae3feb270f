import { setTimeout as sleep } from "node:timers/promises";
import { KafkaClient, type KafkaSettings, requestTimeoutMs } from "./kafka-client.ts";
import { busUnavailable, describeError, errorTypesOf } from "./kafka-faults.ts";

interface Connection<Api> {
  readonly client: KafkaClient;
  readonly api: Api;
}

const firstBackoffMs = 50;
const backoffMaxMs = 1_000;

/** A connection for requests that are repeated: opened when it is needed, and thrown away when one fails. */
export class KafkaConnection<Api> {
  protected readonly settings: KafkaSettings;
  readonly #openApi: (client: KafkaClient) => Api;
  #current: Connection<Api> | undefined;
  #closed = false;

  constructor(settings: KafkaSettings, openApi: (client: KafkaClient) => Api) {
    this.settings = settings;
    this.#openApi = openApi;
  }

  /**
   * Requests until one is answered, but not again what is too large.
   * @param what for the Fault when it was not answered by `deadlineAt`
   * @throws Fault BUS_UNAVAILABLE
   */
  async request<Result>(
    what: string,
    deadlineAt: number,
    send: (api: Api, timeoutMs: number) => Promise<Result>,
    onFailure: (error: string, attempt: number) => void = () => {},
  ): Promise<Result> {
    const { clock } = this.settings;
    /** The broker's last error: it says more than a timeout. */
    let brokerError: unknown;
    for (let attempt = 0; ; attempt += 1) {
      const leftMs = Math.ceil(deadlineAt - clock.monotonicMs());
      if (this.#closed || leftMs <= 0) throw busUnavailable(what, brokerError);
      const timeoutMs = Math.min(leftMs, requestTimeoutMs);
      const backoffMs = Math.min(firstBackoffMs * 2 ** attempt, backoffMaxMs) * (0.5 + clock.random());
      const connection = (this.#current ??= this.#open());
      try {
        return await connection.client.within(timeoutMs, "Kafka", send(connection.api, timeoutMs));
      } catch (error) {
        // Requests still pending on it must not be waited for, nor land between later ones; and a new connection reads
        // the metadata again, because leaders may have moved.
        this.#discard(connection);
        if (errorTypesOf(error).length > 0) brokerError = error;
        if (this.#closed || isTooLarge(error) || clock.monotonicMs() + backoffMs >= deadlineAt)
          throw busUnavailable(what, brokerError ?? error);
        onFailure(describeError(error), attempt);
      }
      await sleep(backoffMs);
    }
  }

  /** Begins no new request. @returns what is open */
  end(): Api | undefined {
    this.#closed = true;
    return this.#current?.api;
  }

  destroy(): void {
    this.#closed = true;
    if (this.#current !== undefined) this.#discard(this.#current);
  }

  #open(): Connection<Api> {
    const client = new KafkaClient(this.settings);
    return { client, api: this.#openApi(client) };
  }

  #discard(connection: Connection<Api>): void {
    connection.client.destroy();
    // Another request may have replaced it already.
    if (this.#current === connection) this.#current = undefined;
  }
}

export const isTooLarge = (error: unknown): boolean =>
  errorTypesOf(error).some((type) => type === "MESSAGE_TOO_LARGE" || type === "RECORD_LIST_TOO_LARGE");
