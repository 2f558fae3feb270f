import { waitUntil } from "../real/services/wait-until.ts";
import type { JournalLine, PublishOptions, SeenEvent, TimelineItem, World } from "./world.ts";

/** Long, because the machine may be busy: a wait that ends means a fault, not slowness. */
const PATIENCE_MS = 45_000;
export type Fields = Readonly<Record<string, unknown>>;

/** An entity as its owner sees it: whoever publishes for it, and reads its events. */
export class TestEntity<Surroundings extends World> {
  readonly id: string;
  protected readonly world: Surroundings;
  readonly #idField: string;

  /** @param idField the field of payloads that has the entity's id */
  constructor(world: Surroundings, id: string, idField: string) {
    this.world = world;
    this.id = id;
    this.#idField = idField;
  }

  say(type: string, payload: Fields, options?: PublishOptions): Promise<string> {
    return this.world.publish(type, { [this.#idField]: this.id, ...payload }, options);
  }

  events(type?: string): readonly SeenEvent[] {
    return this.world.events(this.id).filter((event) => type === undefined || event.type === type);
  }

  /**
   * Of everything published until now. Topics are read in parallel: the last one read may not be the last published.
   */
  async types(): Promise<readonly string[]> {
    await this.world.caughtUp();
    return this.shownTypes();
  }

  protected shownTypes(): readonly string[] {
    return this.events().map(({ type }) => type);
  }

  /** The count-th event of the type. */
  async until(type: string, count = 1): Promise<SeenEvent> {
    return this.eventually(`event ${count} ${type} of ${this.id}`, async () => {
      const event = this.events(type)[count - 1];
      if (!event) throw new Error(`it has ${this.shownTypes().join(", ") || "none"}; ${await this.story()}`);
      return event;
    });
  }

  /** What its timeline has of a message: every message leaves a trace, also one that changes nothing. */
  untilJournaled(messageId: string, kind = "message"): Promise<TimelineItem> {
    return this.eventually(`${kind} ${messageId} of ${this.id} in the timeline`, async () => {
      const items = await this.world.timeline(this.id);
      const item = items.find((each) => each.message_id === messageId && each.kind === kind);
      if (!item) throw new Error(await this.story());
      return item;
    });
  }

  /** What the journal has of a message, also while the entity is not known. */
  untilInJournal(messageId: string): Promise<JournalLine> {
    return this.eventually(`${messageId} of ${this.id} in the journal`, async () => {
      const line = (await this.world.journal()).find(({ id, entity_id }) => id === messageId && entity_id === this.id);
      if (!line) throw new Error("it is not there");
      return line;
    });
  }

  protected eventually<T>(what: string, attempt: () => Promise<T>): Promise<T> {
    return waitUntil(attempt, { what, timeoutMs: PATIENCE_MS });
  }

  protected async story(): Promise<string> {
    const items = await this.world.timeline(this.id).catch(() => []);
    return `its timeline: ${items.map(({ type, reason, note }) => `${type}: ${reason ?? note ?? ""}`).join("; ")}`;
  }
}
