import type { EffectSpec } from "../core/domain.ts";
import type { Intent } from "../core/intent.ts";
import type { Message } from "../core/message.ts";
import type { OutgoingMessage } from "../ports/event-bus.ts";

/** A span of the installed tracer. It is exported when it ends. */
export interface Span {
  /** W3C traceparent, passed on to everything that the work causes. */
  readonly traceparent: string;
  /** @param more what was not known when it began; `error`: the work has failed */
  end(more?: {
    readonly attributes?: Readonly<Record<string, string | number>>;
    readonly links?: readonly string[];
    readonly error?: string;
  }): void;
}

/** Starts spans. Only there when the operator has installed a tracer, so that tracing costs nothing otherwise. */
export interface Tracing {
  /** A message from the bus; ends when its turn is durable. */
  message(message: Message): Span;
  /** Loading, steps and commit of several messages. */
  turn(): Span;
  publish(messages: readonly OutgoingMessage[]): Span;
  /** One call of an effect. */
  effect(spec: EffectSpec, intents: readonly Intent[]): Span;
}
