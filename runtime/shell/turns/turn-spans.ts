import type { Decision } from "../../core/decision.ts";
import type { Message } from "../../core/message.ts";
import type { Span, Tracing } from "../tracing.ts";

/** What a tracer is told of a turn, once it is durable; of a plan that came to nothing it is told nothing. */
export class TurnSpans {
  readonly #tracing: Tracing;
  readonly #turn: Span;
  readonly #messages: { readonly span: Span; result: Decision["result"] | undefined }[] = [];

  constructor(tracing: Tracing) {
    this.#tracing = tracing;
    this.#turn = tracing.turn();
  }

  /**
   * A message is about to be stepped. What follows from it follows from the work on it: so it has that work's trace.
   */
  startMessage(message: Message): Message {
    if (message.kind !== "bus") return message;
    const span = this.#tracing.message(message);
    this.#messages.push({ span, result: undefined });
    return { ...message, traceparent: span.traceparent };
  }

  recordDecision(message: Message, { result }: Decision): void {
    const last = this.#messages.at(-1);
    if (message.kind === "bus" && last) last.result = result;
  }

  end(): void {
    for (const { span, result } of this.#messages)
      span.end({ attributes: { "rollcall.decision": String(result) }, ...(result === "refused" && { error: result }) });
    this.#turn.end({
      attributes: { "messaging.batch.message_count": this.#messages.length },
      links: this.#messages.map(({ span }) => span.traceparent),
    });
  }
}
