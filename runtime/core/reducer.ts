import type { z } from "zod";
import type { EntityView } from "./handler.ts";
import type { NewIntent } from "./intent.ts";

/** What an update or a builder gets besides the state: the event's payload, and the entity after the event. */
export interface ReducerContext<EventPayload, Data> {
  readonly payload: EventPayload;
  readonly entity: EntityView<Data>;
  /** Event time, ms since the epoch. */
  readonly now: number;
}

// The payload's type depends on the trigger in the contract, so each function declares the fields that it needs.
type Update<Data> = { of(state: Data, context: ReducerContext<never, Data>): Data }["of"];
type Builder<Data> = { of(state: Data, context: ReducerContext<never, Data>): NewIntent | null }["of"];

/** A domain's pure functions over the entity's data. */
export interface Reducer {
  /** Schema of the entity's data; every field has a default. */
  readonly schema: z.ZodObject;
  readonly initial: Readonly<Record<string, unknown>>;
  /** State updates by action name. Pure and total. */
  readonly updates: Readonly<Record<string, Update<never>>>;
  /** Intent builders by the action names under `intent_emission`. Pure and total. */
  readonly builders: Readonly<Record<string, Builder<never>>>;
}

/**
 * @param schema the entity's data; every field has a default
 * @param updates by the names under `actions` and `entry_actions`: the data afterwards
 * @param builders by the names under `intent_emission`: an intent, or `noIntent`
 */
export function reducer<Schema extends z.ZodObject>(
  schema: Schema,
  updates: Readonly<Record<string, Update<z.infer<Schema>>>>,
  builders: Readonly<Record<string, Builder<z.infer<Schema>>>>,
): Reducer {
  return {
    schema,
    initial: schema.parse({}),
    updates: updates as Reducer["updates"],
    builders: builders as Reducer["builders"],
  };
}
