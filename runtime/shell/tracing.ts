import type { Message } from "../core/message.ts";

/** A piece of work that a tracer is told of. One that never ends is never told. */
export interface Span {
  /** W3C: what is handed on to whatever follows from the work. */
  readonly traceparent: string;
  /** With what was not known when it began; an `error` says that the work failed. */
  end(more?: {
    readonly attributes?: Readonly<Record<string, string | number>>;
    readonly links?: readonly string[];
    readonly error?: string;
  }): void;
}

/** A tracer, where the operator has installed one. Without it nothing of this is called, and nothing made for it. */
export interface Tracing {
  /** A message was taken in from the bus; ends when its turn is durable. */
  message(message: Message): Span;
  /** Several messages: load, step, commit. */
  turn(): Span;
  publish(batch: {
    readonly topics: readonly string[];
    readonly messages: number;
    readonly traceparents: readonly (string | undefined)[];
  }): Span;
  /** One call of an effect. */
  effect(batch: {
    readonly intentType: string;
    readonly backend: string;
    readonly intents: number;
    readonly traceparents: readonly (string | undefined)[];
  }): Span;
}
