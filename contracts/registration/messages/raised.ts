import { raised } from "../../../runtime/core/message.ts";

/** Every backend has confirmed the attempt. */
export const RegistrationCompleted = raised("RegistrationCompleted");
/** A backend has failed for good; the state's `failures` name it. */
export const RegistrationFailed = raised("RegistrationFailed");
