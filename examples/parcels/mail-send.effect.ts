import { done, type Effect, effect } from "rollcall";
import { MailSend, MailSent } from "./shapes.js";

/** An exception is UNAVAILABLE, and tried again by the contract's policy. `id` is the idempotency key. */
export const HandlerMailSend = (send: (id: string, to: string, text: string) => Promise<void>): Effect =>
  effect(MailSend, ["UNAVAILABLE"], async (intents) => {
    await Promise.all(intents.map(({ id, payload }) => send(id, payload.to, payload.text)));
    return intents.map(() => done(MailSent.of({})));
  });
