import type { RegistrationState } from "../../contracts/registration/messages/state.ts";
import { handlersOf } from "../../runtime/core/handler.ts";

/** Every handler of this domain works on entities with this data. */
export const handler = handlersOf<RegistrationState>();
