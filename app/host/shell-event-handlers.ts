import type { Observe, ShellEvent } from "../../runtime/shell/shell-event.ts";

/** One function for each kind of event, so that a kind that is not handled is a type error. */
export type ShellEventHandlers<Context extends readonly unknown[] = []> = {
  readonly [Kind in ShellEvent["kind"]]: (event: EventOf<Kind>, ...context: Context) => void;
};

export type EventOf<Kind extends ShellEvent["kind"]> = Extract<ShellEvent, { readonly kind: Kind }>;

export const observerOf =
  <Context extends readonly unknown[]>(handlers: ShellEventHandlers<Context>, ...context: Context): Observe =>
  (event) =>
    (handlers[event.kind] as (event: ShellEvent, ...context: Context) => void)(event, ...context);
