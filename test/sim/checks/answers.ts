import type { Domain } from "../../../runtime/core/domain.ts";
import type { JournalLine } from "../../../runtime/core/journal.ts";
import type { FollowedMessage } from "../../../runtime/shell/follow/follower.ts";
import { Asked, type Caller, LATE_MS } from "./asked.ts";
import { type ExpectedAnswers, expectedAnswers, type Group } from "./expected-answers.ts";
import type { InputCheck } from "./input.ts";
import type { Committed, ObservedSystem } from "./observed-system.ts";

/**
 * G15: who follows a message hears each of its answers once, in the journal's order, and misses none; and every one who
 * follows comes to an end: the last answer, a purge, or that its own time is over. What was taken before is found from
 * the entity's last line backwards: so of a message about an entity that was not there, who begins to follow after it
 * is promised no line. Only a repeat of it is answered, and then as of no entity.
 */
export class AnswersCheck {
  readonly #observed: ObservedSystem;
  readonly #input: Pick<InputCheck, "nextOffset">;
  /** By entity. */
  readonly #groups = new Map<string, Group[]>();
  /** By the message's id. */
  readonly #deadLetters = new Map<string, Group>();
  readonly #open = new Set<Asked>();
  /** Whether anybody asks. */
  isWatching = false;
  followed = 0;
  /** How those ended who follow, and how often. */
  readonly ends: Record<string, number> = {};

  /** @param input as it is after what is checked */
  constructor(observed: ObservedSystem, input: Pick<InputCheck, "nextOffset">) {
    this.#observed = observed;
    this.#input = input;
  }

  ask(message: FollowedMessage, caller: Caller): Asked {
    const asked = new Asked(message, caller, {
      report: (what) => this.#observed.report("G15", what),
      nowMs: () => this.#observed.nowMs(),
      isExcused: () => this.#isExcused,
      expected: this.#expectedOf(message, caller.domain),
      isPassed: ({ topic, partition, offset }) => this.#input.nextOffset(topic, partition) > offset,
      groups: () => this.#groups.get(message.entityId) ?? [],
      ended: (reason) => {
        this.#open.delete(asked);
        this.ends[reason] = (this.ends[reason] ?? 0) + 1;
      },
    });
    this.#open.add(asked);
    this.followed++;
    return asked;
  }

  onCommitted({ lines }: Committed): void {
    if (!this.isWatching) return;
    for (const line of lines) this.#take(line);
  }

  #take(line: JournalLine): void {
    const { entity_id: id } = line;
    const group: Group = { head: line, behind: [], atMs: this.#observed.nowMs() };
    if (line.kind === "dead_letter") this.#deadLetters.set(line.headers["message_id"] ?? "", group);
    if (id === undefined || line.kind === "repartitioned" || line.kind === "dead_letter") return;
    const groups = this.#groups.get(id) ?? [];
    this.#groups.set(id, groups);
    if (line.kind === "event" || line.kind === "intent") groups.at(-1)?.behind.push(line);
    else groups.push(group);
  }

  /** It is found anew only when there is more of the entity. */
  #expectedOf(message: FollowedMessage, domain: Domain): () => ExpectedAnswers | undefined {
    let known: { readonly lines: number; readonly expected: ExpectedAnswers | undefined } | undefined;
    return () => {
      const lines = (this.#groups.get(message.entityId)?.length ?? 0) + this.#deadLetters.size;
      if (known?.lines !== lines) known = { lines, expected: this.#expected(message, domain) };
      return known.expected;
    };
  }

  #expected({ entityId, messageId, reading }: FollowedMessage, domain: Domain): ExpectedAnswers | undefined {
    const letter = this.#deadLetters.get(messageId);
    if (letter)
      return {
        ...{ begin: 0, takenAtMs: letter.atMs, isAboutNothing: false },
        ...{ told: [letter], end: { reason: "complete", atMs: letter.atMs } },
      };
    const groups = this.#groups.get(entityId) ?? [];
    const own = groups.findLastIndex(({ head }) => head.kind === "message" && head.id === messageId);
    return own < 0 ? undefined : expectedAnswers(groups, own, reading, domain);
  }

  get #isExcused(): boolean {
    return this.#observed.latenessExcusedUntilMs() > this.#observed.nowMs() - LATE_MS;
  }

  checkLateness(): void {
    for (const asked of this.#open) asked.checkLateness();
  }

  /** Nobody's time is longer than the phase without faults. */
  atRest(): void {
    for (const asked of this.#open) asked.mustHaveEnded();
  }
}
