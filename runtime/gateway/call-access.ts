import type { Caller } from "../core/door.ts";
import type { CallAccess } from "../core/gateway.ts";

/** Whether the caller may call: those who are privileged may in any case. */
export const isAdmitted = (access: CallAccess, caller: Caller): boolean =>
  access === "public" || caller.privileged || hasOneOf(access, caller);

/** Whether one of the words is a role or a permission of the caller. */
export const hasOneOf = (words: readonly string[], { roles, permissions }: Caller): boolean =>
  words.some((word) => roles.includes(word) || permissions.includes(word));
