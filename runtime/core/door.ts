import type { Json } from "./message.ts";

/** Who sent a message, as the gateway found out that took it. Roles and permissions are the contracts' words. */
export interface Caller {
  /** Empty: nobody in particular. */
  readonly id: string;
  readonly roles: readonly string[];
  readonly permissions: readonly string[];
  /** Passes what asks for permissions or for the owner; what that means is the contract's business. */
  readonly privileged: boolean;
}

/** Who sent a message that has no door. A caller is never absent: a test of what is absent is false, even `!=`. */
export const NOBODY: Caller = { id: "", roles: [], permissions: [], privileged: false };

/** What a gateway adds to a message, signed together with it. */
export interface Door {
  readonly caller: Caller;
  /** What the gateway has read for the message, by the names of its contract. */
  readonly loaded: Readonly<Record<string, Json>>;
  /** The entity's number of events that the sender has seen; 0: there was no entity. */
  readonly if_match?: number | undefined;
  /** The call of the gateway, by its name. */
  readonly operation: string;
}

/** What a handler may be given of a door: it declares what it reads. */
export interface DoorContext extends Pick<Door, "loaded"> {
  /** Without a door nobody: `{ id: "", roles: [], permissions: [], privileged: false }`. */
  readonly caller: Caller;
}
export type DoorPart = keyof DoorContext;

const NOTHING_LOADED: Door["loaded"] = {};

/** What a handler is given of a message's door. */
export const doorContext = (door: Door | undefined): DoorContext => ({
  caller: door?.caller ?? NOBODY,
  loaded: door?.loaded ?? NOTHING_LOADED,
});
