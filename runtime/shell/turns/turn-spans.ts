import type { Decision } from "../../core/decision.ts";
import type { Message } from "../../core/message.ts";
import type { Span, Tracing } from "../tracing.ts";

/** The spans of a turn and of its messages. They end when the turn is durable; those of a discarded plan never do. */
export class TurnSpans {
  readonly #tracing: Tracing;
  readonly #turn: Span;
  readonly #messages: { readonly span: Span; result: Decision["result"] | undefined }[] = [];

  constructor(tracing: Tracing) {
    this.#tracing = tracing;
    this.#turn = tracing.turn();
  }

  /** @returns the message with the traceparent of its span, which everything that it causes inherits */
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
