import type { Observe, ShellEvent } from "../../runtime/shell/shell-event.ts";

/** One function for each kind of event, so that a kind that is not handled is a type error. */
type ShellEventHandlers = {
  readonly [Kind in ShellEvent["kind"]]: (event: EventOf<Kind>) => void;
};

export type EventOf<Kind extends ShellEvent["kind"]> = Extract<ShellEvent, { readonly kind: Kind }>;

export const observerOf =
  (handlers: ShellEventHandlers): Observe =>
  (event) =>
    (handlers[event.kind] as Observe)(event);
