import { expect } from "vitest";
import { waitUntil } from "../real/services/wait-until.ts";
import type { PublishOptions, Registration, SeenEvent, TimelineItem, World } from "./world.ts";

/** Long, because the machine may be busy: a wait that ends means a fault, not slowness. */
const PATIENCE_MS = 45_000;
type Fields = Readonly<Record<string, unknown>>;

/** A node as a user would write it: it publishes, reads its own events, and asks for its registration. */
export class TestNode {
  readonly id: string;
  readonly #world: World;
  readonly #about: Fields;

  constructor(world: World, id: string, about: Fields = {}) {
    this.id = id;
    this.#world = world;
    this.#about = {
      node_type: "effect",
      node_version: "1.2.3",
      endpoints: { http: `http://${id}.test:8080` },
      ...about,
    };
  }

  get serviceId(): string {
    return `onex-${String(this.#about["node_type"])}-${this.id}`;
  }

  introspect(more: Fields = {}, options?: PublishOptions): Promise<string> {
    return this.say("NodeIntrospectionEvent", { ...this.#about, ...more }, options);
  }

  /** Of the attempt accepted last, by default. */
  ack(more?: Fields, options?: PublishOptions): Promise<string> {
    const accepted = this.events("NodeRegistrationAccepted").at(-1);
    const names = more ?? { registration_attempt_id: accepted?.payload["registration_attempt_id"] };
    return this.say("NodeRegistrationAcked", names, options);
  }

  heartbeat(more: Fields = {}, options?: PublishOptions): Promise<string> {
    return this.say("NodeHeartbeatEvent", { uptime_seconds: 1, ...more }, options);
  }

  deregister(more: Fields = {}, options?: PublishOptions): Promise<string> {
    return this.say("NodeDeregister", more, options);
  }

  say(type: string, payload: Fields, options?: PublishOptions): Promise<string> {
    return this.#world.publish(type, { node_id: this.id, ...payload }, options);
  }

  events(type?: string): readonly SeenEvent[] {
    return this.#world.events(this.id).filter((event) => type === undefined || event.type === type);
  }

  /**
   * Of everything published until now. Topics are read in parallel: the last one read may not be the last published.
   */
  async types(): Promise<readonly string[]> {
    await this.#world.caughtUp();
    return this.#types();
  }

  #types(): readonly string[] {
    return this.events().map(({ type }) => type.replace(/^Node(Registration)?/, ""));
  }

  /** The count-th event of the type. */
  async until(type: string, count = 1): Promise<SeenEvent> {
    return this.#eventually(`event ${count} ${type} of ${this.id}`, async () => {
      const event = this.events(type)[count - 1];
      if (!event) throw new Error(`it has ${this.#types().join(", ") || "none"}; ${await this.#story()}`);
      return event;
    });
  }

  async registration(): Promise<Registration> {
    const registration = await this.#world.registration(this.id);
    if (!registration) throw new Error(`${this.id} is not known`);
    return registration;
  }

  untilState(state: string, reducerState?: string): Promise<Registration> {
    return this.#eventually([this.id, "in", state, reducerState].join(" ").trim(), async () => {
      const now = await this.registration();
      if (now.state !== state || (reducerState !== undefined && now.reducer_state !== reducerState))
        throw new Error(`it is ${now.state}, ${now.reducer_state}; ${await this.#story()}`);
      return now;
    });
  }

  /** What the runtime journaled about a message: every message leaves a trace, also one that changes nothing. */
  untilJournaled(messageId: string, kind = "message"): Promise<TimelineItem> {
    return this.#eventually(`${kind} ${messageId} of ${this.id} in the timeline`, async () => {
      const items = await this.#world.timeline(this.id);
      const item = items.find((each) => each.message_id === messageId && each.kind === kind);
      if (!item) throw new Error(await this.#story());
      return item;
    });
  }

  /** Introspects, is accepted, ACKs. `count` says how many times it has been ACTIVE then. */
  async becomeActive(count = 1, more: Fields = {}): Promise<SeenEvent> {
    await this.introspect(more);
    return this.answerAcceptance(count);
  }

  async answerAcceptance(count = 1): Promise<SeenEvent> {
    await this.until("NodeRegistrationAccepted", count);
    await this.ack();
    return this.until("NodeBecameActive", count);
  }

  /** Exactly one entry, as given; or none. */
  untilInCatalog(entry: { readonly passing: boolean; readonly address?: string; readonly port?: number } | "absent") {
    return this.#eventually(`${this.id} in the catalog as ${JSON.stringify(entry)}`, async () => {
      const entries = await this.#world.catalog(this.id);
      if (entry === "absent") expect(entries).toEqual([]);
      else expect(entries).toEqual([expect.objectContaining({ nodeId: this.id, ...entry })]);
    });
  }

  /** The embedded database can't be read while the program runs: there the judge reads it afterwards. */
  async untilRow(row: Fields): Promise<void> {
    if (this.#world.isEmbedded) return;
    await this.#eventually(`row of ${this.id} as ${JSON.stringify(row)}`, async () =>
      expect(await this.#world.row(this.id)).toMatchObject(row),
    );
  }

  #eventually<T>(what: string, attempt: () => Promise<T>): Promise<T> {
    return waitUntil(attempt, { what, timeoutMs: PATIENCE_MS });
  }

  async #story(): Promise<string> {
    const items = await this.#world.timeline(this.id).catch(() => []);
    return `its timeline: ${items.map(({ type, reason, note }) => `${type}: ${reason ?? note ?? ""}`).join("; ")}`;
  }
}
