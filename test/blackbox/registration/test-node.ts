import { expect } from "vitest";
import { type Fields, TestEntity } from "../test-entity.ts";
import type { PublishOptions, SeenEvent } from "../world.ts";
import { REGISTRATION } from "./public-domain.ts";
import type { NodeWorld, Registration } from "./world.ts";

/** A node as a user would write it: it publishes, reads its own events, and asks for its registration. */
export class TestNode extends TestEntity<NodeWorld> {
  readonly #about: Fields;

  constructor(world: NodeWorld, id: string, about: Fields = {}) {
    super(world, id, REGISTRATION.idField);
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

  protected override shownTypes(): readonly string[] {
    return super.shownTypes().map((type) => type.replace(/^Node(Registration)?/, ""));
  }

  async registration(): Promise<Registration> {
    const registration = await this.world.registration(this.id);
    if (!registration) throw new Error(`${this.id} is not known`);
    return registration;
  }

  untilState(state: string, reducerState?: string): Promise<Registration> {
    return this.eventually([this.id, "in", state, reducerState].join(" ").trim(), async () => {
      const now = await this.registration();
      if (now.state !== state || (reducerState !== undefined && now.reducer_state !== reducerState))
        throw new Error(`it is ${now.state}, ${now.reducer_state}; ${await this.story()}`);
      return now;
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
    return this.eventually(`${this.id} in the catalog as ${JSON.stringify(entry)}`, async () => {
      const entries = await this.world.catalog(this.id);
      if (entry === "absent") expect(entries).toEqual([]);
      else expect(entries).toEqual([expect.objectContaining({ nodeId: this.id, ...entry })]);
    });
  }

  /** The embedded database can't be read while the program runs: there the judge reads it afterwards. */
  async untilRow(row: Fields): Promise<void> {
    if (this.world.isEmbedded) return;
    await this.eventually(`row of ${this.id} as ${JSON.stringify(row)}`, async () =>
      expect(await this.world.row(this.id)).toMatchObject(row),
    );
  }
}
