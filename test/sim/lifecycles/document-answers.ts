import type { JournalLine, StepLine } from "../../../runtime/core/journal.ts";
import type { Report } from "../../promises/promises.ts";

/**
 * Two commands may be under way on one document: each change has exactly one answer, its own. One that another command
 * overtook is answered by the first of its intents that ends after that, and changes nothing.
 */
export class DocumentAnswers {
  readonly #report: Report;
  /** By the correlation id of the change; undefined while it is under way. */
  readonly #answers = new Map<string, string | undefined>();
  /** Document -> its change that is under way. */
  readonly #underWay = new Map<string, string>();

  constructor(report: Report) {
    this.#report = report;
  }

  /** @param events types of the step's events, all of which belong to what the step belongs to */
  onStep(line: JournalLine<StepLine>, events: readonly string[]): void {
    const { entity_id: id, correlation_id: chain, of, type, result, attempt_id: attempt } = line;
    if (result === "changed" && of !== "purge" && attempt === undefined)
      this.#report("G2", `${type} of ${id} is of no attempt`);
    if (of === "outcome" && result === "no_op") this.onEndedIntent(chain);
    for (const event of events)
      if (event === "PageChanged") this.#begin(id, chain);
      else if (event === "PageRemoved") this.#underWay.delete(id);
      else this.#answer(id, chain, event);
  }

  /** An intent has ended that changes nothing. */
  onEndedIntent(chain: string): void {
    if ([...this.#underWay.values()].includes(chain)) return;
    if (this.#answers.has(chain)) this.#answers.set(chain, this.#answers.get(chain) ?? "overtaken");
  }

  atRest(): void {
    for (const [chain, answer] of this.#answers)
      if (answer === undefined) this.#report("G2", `the change ${chain} was never answered`);
  }

  #begin(id: string, chain: string): void {
    if (this.#answers.has(chain)) this.#report("G3", `the change ${chain} of ${id} is made twice`);
    this.#answers.set(chain, undefined);
    this.#underWay.set(id, chain);
  }

  #answer(id: string, chain: string, answer: string): void {
    const underWay = this.#underWay.get(id) ?? "nothing";
    if (underWay !== chain) this.#report("G5", `${answer} of ${id} answers ${chain}, and under way is ${underWay}`);
    if (this.#answers.get(chain) !== undefined) this.#report("G5", `the change ${chain} of ${id} is answered twice`);
    this.#answers.set(chain, answer);
    this.#underWay.delete(id);
  }
}
