import { raised } from "../../../runtime/core/message.ts";

/** Every backend has confirmed the attempt. */
export const RegistrationCompleted = raised("RegistrationCompleted");
/** A backend has failed for good, and the state's `failures` say which. */
export const RegistrationFailed = raised("RegistrationFailed");
