import type { Duplex } from "node:stream";
import pg from "pg";
import type { Clock } from "../../ports/clock.ts";
import type { LineEnds, NoticeListener, Notices, NoticesStatus } from "../../ports/notices.ts";
import { settleWithin } from "../../ports/settle-within.ts";
import type { Sql } from "../../ports/store.ts";
import { beatText, noticeTexts, readBeat, readNotice } from "./notice-text.ts";

const CHANNEL = "rollcall";
/** What is told within this time after the last NOTIFY goes out with the next one. */
const GATHER_MS = 5;
/** How often a process tells something to itself. */
const BEAT_EVERY_MS = 10_000;
/** How much later than the next beat the last one may still arrive. */
const BEAT_LATE_MS = 1_000;
const CONNECT_MS = 5_000;
const CLOSE_MS = 1_000;
/** Between two tries to connect. */
const BACK_OFF_MS = [50, 500, 2_000] as const;

interface PostgresNoticesOptions {
  /** Sends the NOTIFYs. */
  readonly sql: Sql;
  /** For LISTEN, as of `PostgresStore`. No pooler that lends a connection for a transaction. */
  readonly listenUrl: string;
  readonly clock: Clock;
  /** Unique: names this process to the others. */
  readonly process: string;
  readonly beatEveryMs?: number;
}

/**
 * NOTIFY after commits, apart from their transactions: a transaction with a NOTIFY holds a lock of the whole server
 * while it commits. LISTEN has a connection of its own. Whether it works is not what the driver says, but whether the
 * process hears itself: a connection can be dead without an end, and behind some poolers LISTEN does nothing.
 */
export class PostgresNotices implements Notices {
  readonly #options: PostgresNoticesOptions;
  readonly #beatEveryMs: number;
  readonly #listeners = new Set<NoticeListener>();
  /** By domain, what the next NOTIFY tells. */
  readonly #pending = new Map<string, Map<number, number>>();
  #isSending = false;
  #client: pg.Client | undefined;
  #isClosed = false;
  #reason: string | null = null;
  #connectFailures = 0;
  /** Monotonic ms of the last own beat that arrived. */
  #heardMs: number;
  /** The same for those of other processes, by process. */
  readonly #others = new Map<string, number>();

  constructor(options: PostgresNoticesOptions) {
    this.#options = options;
    this.#beatEveryMs = options.beatEveryMs ?? BEAT_EVERY_MS;
    this.#heardMs = options.clock.monotonicMs();
    void this.#connect();
    this.#beatLater();
  }

  get status(): NoticesStatus {
    const unheardForMs = this.#options.clock.monotonicMs() - this.#heardMs;
    const isHeard = unheardForMs < 2 * this.#beatEveryMs + BEAT_LATE_MS;
    return { isHeard, unheardForMs: isHeard ? 0 : unheardForMs, reason: this.#reason };
  }

  tell(domain: string, ends: LineEnds): void {
    for (const listener of this.#listeners) listener(domain, ends);
    if (!this.#mayHaveOthers || this.#isClosed) return;
    const pending = this.#pending.get(domain) ?? new Map<number, number>();
    this.#pending.set(domain, pending);
    for (const [partition, line] of ends) pending.set(partition, line);
    if (!this.#isSending) void this.#send();
  }

  listen(listener: NoticeListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#listeners.clear();
    const client = this.#client;
    this.#client = undefined;
    if (client) await settleWithin(CLOSE_MS, client.end(), () => {}).catch(() => {});
  }

  /** One that hears itself and nobody else is alone: then nothing is sent. */
  get #mayHaveOthers(): boolean {
    const goneMs = this.#options.clock.monotonicMs() - 3 * this.#beatEveryMs;
    for (const [process, heardMs] of this.#others) if (heardMs < goneMs) this.#others.delete(process);
    return this.#others.size > 0 || !this.status.isHeard;
  }

  async #send(): Promise<void> {
    this.#isSending = true;
    while (this.#pending.size > 0 && !this.#isClosed) {
      const texts = [...this.#pending].flatMap(([domain, ends]) => noticeTexts(domain, ends));
      this.#pending.clear();
      await this.#notify(texts);
      await new Promise<void>((resolve) => this.#options.clock.after(GATHER_MS, resolve));
    }
    this.#isSending = false;
  }

  /** What can't be sent is not sent again: the others find it out without it. */
  async #notify(texts: readonly string[]): Promise<void> {
    const sql = "select pg_notify($1, text) from unnest($2::text[]) as text";
    await this.#options.sql.query(sql, [CHANNEL, texts]).catch(() => {});
  }

  #beatLater(): void {
    const { clock } = this.#options;
    clock.after(this.#beatEveryMs, () => {
      if (this.#isClosed) return;
      // The last one has not arrived: whatever the driver says of the connection, another one is tried.
      const isLate = clock.monotonicMs() - this.#heardMs > this.#beatEveryMs + BEAT_LATE_MS;
      if (isLate && this.#client) this.#drop(this.#client, "nothing arrives over its connection");
      void this.#beat();
      this.#beatLater();
    });
  }

  readonly #beat = (): Promise<void> => this.#notify([beatText(this.#options.process)]);

  async #connect(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.#options.listenUrl,
      connectionTimeoutMillis: CONNECT_MS,
      query_timeout: CONNECT_MS,
      application_name: "rollcall listen",
      keepAlive: true,
    });
    this.#client = client;
    client.on("error", (error) => this.#drop(client, error.message));
    client.on("end", () => this.#drop(client, "its connection was closed"));
    client.on("notification", ({ payload }) => this.#hear(payload ?? ""));
    try {
      await client.connect();
      // It alone keeps no process alive.
      (client as unknown as Pick<NodeJS.Timeout, "unref">).unref();
      await client.query(`listen ${CHANNEL}`);
      await this.#beat();
    } catch (error) {
      this.#drop(client, error instanceof Error ? error.message : String(error));
    }
  }

  #drop(client: pg.Client, reason: string): void {
    if (this.#client !== client) return;
    // `end` would wait for an answer of the server.
    (client as unknown as { connection: { stream: Duplex } }).connection.stream.destroy();
    this.#client = undefined;
    this.#reason = reason;
    if (this.#isClosed) return;
    const delayMs = BACK_OFF_MS[Math.min(this.#connectFailures++, BACK_OFF_MS.length - 1)] ?? 0;
    this.#options.clock.after(delayMs, () => void (this.#isClosed || this.#connect()));
  }

  #hear(payload: string): void {
    const nowMs = this.#options.clock.monotonicMs();
    const beat = readBeat(payload);
    if (beat === this.#options.process) {
      this.#heardMs = nowMs;
      this.#connectFailures = 0;
      this.#reason = null;
    } else if (beat !== undefined) {
      // One that has just begun does not know yet that it is not alone.
      if (!this.#others.has(beat)) void this.#beat();
      this.#others.set(beat, nowMs);
    }
    const notice = beat === undefined ? readNotice(payload) : undefined;
    if (notice) for (const listener of this.#listeners) listener(notice.domain, notice.ends);
  }
}
