// @ts-check
// I/O. An exception is a fault that is tried again by the policy in contracts/effects.yaml.
import { done, effect } from "rollcall";
import { NoticeSend } from "./shapes.js";

/**
 * Sends a notice for each intent; its id is the idempotency key.
 * @param {(id: string, owner: string, text: string) => Promise<void>} send
 */
export const HandlerNoticeSend = (send) =>
  effect(NoticeSend, ["UNAVAILABLE"], async (intents) => {
    await Promise.all(intents.map(({ id, payload }) => send(id, payload.owner, payload.text)));
    return intents.map(() => done());
  });
