import type { ReconciledBackend } from "./drift.ts";
import type { Effect } from "./effect.ts";
import type { Handler } from "./handler.ts";
import type { IntentDefinition } from "./intent.ts";
import type { MessageDefinition } from "./message.ts";
import type { Reducer } from "./reducer.ts";

/**
 * The code that the names in a domain's contracts stand for. At start-up each name must have code, and all code a name.
 */
export interface DomainCode {
  readonly domain: string;
  /** All consumed, published and raised message types, and all outcomes of effects. */
  readonly messages: readonly MessageDefinition[];
  readonly handlers: Readonly<Record<string, Handler>>;
  readonly reducer: Reducer;
  readonly intents: readonly IntentDefinition[];
  readonly effects: Readonly<Record<string, Effect>>;
  /** Backends that are compared, from time to time, with what they should hold. */
  readonly reconciled?: readonly ReconciledBackend[];
}
