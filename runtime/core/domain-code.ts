import type { ReconciledBackend } from "./drift.ts";
import type { Effect } from "./effect.ts";
import type { Handler } from "./handler.ts";
import type { IntentDefinition } from "./intent.ts";
import type { MessageDefinition } from "./message.ts";
import type { Reducer } from "./reducer.ts";

/** The code of a domain: what the names in its contracts stand for. Resolved once, both ways, at start-up. */
export interface DomainCode {
  readonly domain: string;
  /** Every consumed, published and raised message type and every outcome of an effect. */
  readonly messages: readonly MessageDefinition[];
  readonly handlers: Readonly<Record<string, Handler>>;
  readonly reducer: Reducer;
  readonly intents: readonly IntentDefinition[];
  readonly effects: Readonly<Record<string, Effect>>;
  /** Backends that are compared now and then with what they should hold. */
  readonly reconciled?: readonly ReconciledBackend[];
}
