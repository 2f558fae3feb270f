import { derivedId } from "./ids.ts";
import type { EventLine, IntentLine, NewLine } from "./journal.ts";

/** A line of an entity, and behind that of a step the lines of its events and intents. */
interface Group {
  readonly head: NewLine;
  readonly behind: readonly (EventLine | IntentLine)[];
}

/**
 * What a message has caused, told from the lines of its entity: its step, the outcomes of the intents that it asked for
 * and the confirmations of its events, what these caused, and so on. A deadline that fires begins a chain of its own.
 */
export class Chain {
  readonly #messageId: string;
  readonly #awaitsPublish: ReadonlySet<string>;
  /** Ids of intents without an end, and of confirmations that will come. */
  readonly #open = new Set<string>();
  #isTaken = false;

  /** @param awaitsPublish the events of which the contract waits for the confirmation, `published(Event)` */
  constructor(messageId: string, awaitsPublish: ReadonlySet<string>) {
    this.#messageId = messageId;
    this.#awaitsPublish = awaitsPublish;
  }

  /** Whether a turn took the message. */
  get isTaken(): boolean {
    return this.#isTaken;
  }

  /** Nothing that the message caused is left that could cause more. */
  get isOver(): boolean {
    return this.#isTaken && this.#open.size === 0;
  }

  /**
   * @param group the entity's groups are given in their order, none left out from the message's own on
   * @returns whether it is of the chain
   */
  take({ head, behind }: Group): boolean {
    if (!this.#has(head)) return false;
    for (const line of behind) {
      if (line.kind === "intent") this.#open.add(line.id);
      else if (this.#awaitsPublish.has(line.type)) this.#open.add(derivedId("published", line.id));
    }
    return true;
  }

  #has(head: NewLine): boolean {
    if (head.kind === "end") return this.#open.delete(head.id);
    if (head.kind !== "message") return false;
    if (!this.#isTaken && head.id === this.#messageId) return (this.#isTaken = true);
    if (head.of === "outcome") return this.#open.delete(head.intent_id ?? "");
    return head.of === "published" && this.#open.delete(head.id);
  }
}
