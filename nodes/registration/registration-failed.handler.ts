import {
  NodeRegistrationRejected,
  REJECTION_REASON_LENGTH_MAX,
} from "../../contracts/registration/messages/node-registration-rejected.ts";
import { RegistrationFailed } from "../../contracts/registration/messages/raised.ts";
import { truncate } from "../../contracts/registration/messages/rules.ts";
import type { Failure } from "../../contracts/registration/messages/state.ts";
import { handler } from "./handler.ts";

/** A backend has failed for good: the attempt ends with an event that gives the reason. */
export const HandlerRegistrationFailed = handler(
  RegistrationFailed,
  {},
  {
    reject: ({ entity: { data } }) => [
      NodeRegistrationRejected.of({ rejection_reason: reasonOf(data.failures), failed_backends: [...data.failures] }),
    ],
  },
);

function reasonOf(failures: readonly Failure[]): string {
  const reasons = failures.map(({ backend, error_code, message }) => `${backend}: ${error_code} ${message}`).join("; ");
  return truncate(reasons, REJECTION_REASON_LENGTH_MAX) || "a backend failed";
}
