import type { Domain, EffectSpec } from "../../runtime/core/domain.ts";
import type { Intent } from "../../runtime/core/intent.ts";
import type { Message, MessageDefinition, NewEvent } from "../../runtime/core/message.ts";
import { intentFailure, outcomeMessage } from "../../runtime/core/runtime-messages.ts";
import type { Clock } from "../../runtime/ports/clock.ts";
import { afterFailure, callEffect } from "../../runtime/shell/intents/effect-call.ts";
import { unknownName } from "./known-names.ts";

/** An intent that has ended, with the message of its outcome if there is one. */
interface Settled {
  readonly intent: Intent;
  readonly message?: Message;
  readonly note: string;
}

/** The intents that have no outcome yet. Those of one target end in their order. */
export class PendingIntents {
  readonly #domain: Domain;
  readonly #messages: ReadonlyMap<string, MessageDefinition>;
  readonly #clock: Clock;
  #pending: readonly Intent[] = [];
  /** By intent id. */
  readonly #failedTries = new Map<string, number>();

  constructor(domain: Domain, messages: readonly MessageDefinition[], clock: Clock) {
    this.#domain = domain;
    this.#messages = new Map(messages.map((each) => [each.messageType, each]));
    this.#clock = clock;
  }

  get all(): readonly Intent[] {
    return this.#pending;
  }

  add(intents: readonly Intent[]): void {
    this.#pending = [...this.#pending, ...intents];
  }

  /** A pending intent, by itself or as the only one of its type. */
  find(wanted: Intent | string): Intent {
    const type = typeof wanted === "string" ? wanted : wanted.type;
    if (!this.#domain.effects.has(type)) throw unknownName("intent", type, this.#domain.effects.keys());
    const id = typeof wanted === "string" ? undefined : wanted.id;
    const found = this.#pending.filter((each) => (id === undefined ? each.type === type : each.id === id));
    const [intent] = found;
    if (!intent) throw new Error(`no ${type} waits for its effect: ${this.#describe()}`);
    if (found.length > 1)
      throw new Error(`${found.length} of ${type} wait: pass one of \`intents\` (${this.#describe()})`);
    const first = this.#pending.find(({ target }) => target === intent.target);
    if (first !== intent)
      throw new Error(`${type} waits until ${first?.type} of its target ${intent.target} has ended`);
    return intent;
  }

  succeed(intent: Intent, event?: NewEvent): Settled {
    const { outputEvents } = this.#specOf(intent);
    const [only] = outputEvents;
    const answer = event ?? (only !== undefined && outputEvents.length === 1 ? { type: only, payload: {} } : undefined);
    if (!answer && outputEvents.length > 1)
      throw new Error(`${intent.type} answers one of ${outputEvents.join(", ")}: pass the event`);
    if (answer && !outputEvents.includes(answer.type))
      throw unknownName(`output event of ${intent.type}`, answer.type, outputEvents);
    const problem = answer && this.#messages.get(answer.type)?.schema.safeParse(answer.payload).error;
    if (problem) throw new Error(`${answer.type} is not as its schema says: ${problem.message}`);
    return this.#end(intent, "done", answer);
  }

  fail(intent: Intent, code: string, message: string): Settled {
    const spec = this.#specOf(intent);
    const codes = new Set([...spec.effect.faults, "UNAVAILABLE"]);
    if (!codes.has(code)) throw unknownName(`fault of ${intent.type}`, code, codes);
    if (spec.retry.maxRetries === "unlimited" && !this.#hasYounger(intent))
      throw new Error(`${intent.type} is tried until it succeeds (max_retries: unlimited): it can't fail`);
    return spec.retry.maxRetries === "unlimited"
      ? this.#end(intent, `superseded by a newer intent: ${code} ${message}`)
      : this.#end(intent, `${code} ${message}`, intentFailure(intent, spec.backend, { code, message }));
  }

  /** The first intent that may run, of those that are not excluded by id. */
  next(excluded: ReadonlySet<string>): Intent | undefined {
    const targets = new Set<string>();
    for (const intent of this.#pending) {
      if (!targets.has(intent.target) && !excluded.has(intent.id)) return intent;
      targets.add(intent.target);
    }
    return undefined;
  }

  /** Calls the effect once. @returns undefined when the intent waits for another try */
  async run(intent: Intent): Promise<Settled | undefined> {
    const spec = this.#specOf(intent);
    const [outcome] = await callEffect(this.#clock, spec, [intent]);
    if (outcome?.notYet !== undefined)
      return this.#hasYounger(intent)
        ? this.#end(intent, `superseded by a newer intent: ${outcome.notYet}`)
        : undefined;
    if (!outcome?.fault) {
      const isListed = outcome?.event && spec.outputEvents.includes(outcome.event.type);
      return this.#end(intent, "done", isListed ? outcome.event : undefined);
    }
    const { fault } = outcome;
    const failedTries = (this.#failedTries.get(intent.id) ?? 0) + 1;
    this.#failedTries.set(intent.id, failedTries);
    const result = afterFailure(spec.retry, fault, failedTries, this.#hasYounger(intent));
    if (result === "retried") return undefined;
    const note = `${result} after ${failedTries} failed tries: ${fault.code} ${fault.message}`;
    return this.#end(intent, note, result === "failed" ? intentFailure(intent, spec.backend, fault) : undefined);
  }

  #end(intent: Intent, note: string, event?: NewEvent): Settled {
    this.#pending = this.#pending.filter(({ id }) => id !== intent.id);
    return { intent, note, ...(event && { message: outcomeMessage(intent, event, this.#clock.wallMs()) }) };
  }

  #hasYounger({ id, target }: Intent): boolean {
    return this.#pending.some((each) => each.target === target && each.id !== id);
  }

  #specOf({ type }: Intent): EffectSpec {
    const spec = this.#domain.effects.get(type);
    if (!spec) throw unknownName("intent", type, this.#domain.effects.keys());
    return spec;
  }

  #describe(): string {
    if (this.#pending.length === 0) return "no intent waits";
    return `waiting are ${this.#pending.map(({ type, entityId }) => `${type} of ${entityId}`).join(", ")}`;
  }
}
