import { Fault } from "../../core/fault.ts";

interface KafkajsError {
  readonly name?: string;
  /** The protocol's name of the error, such as MESSAGE_TOO_LARGE. */
  readonly type?: string;
  /** Node's error code of a failed connection. */
  readonly code?: string;
  readonly cause?: unknown;
  readonly errors?: readonly unknown[];
}

/** An error and all that it came from: kafkajs wraps the original error in errors about its retries. */
function allErrors(error: unknown, depth = 0): (Error & KafkajsError)[] {
  if (!(error instanceof Error) || depth === 5) return [];
  const { cause, errors = [] } = error as KafkajsError;
  return [error, ...[cause, ...errors].flatMap((inner) => allErrors(inner, depth + 1))];
}

/** The protocol's names of an error and of its causes. */
export const errorTypesOf = (error: unknown): readonly string[] => allErrors(error).flatMap(({ type }) => type ?? []);

export const isNamed = (error: unknown, name: string): boolean => allErrors(error).some((each) => each.name === name);

/** Its own message, and those of the errors that it bundles. */
export function describeError(error: unknown): string {
  const bundled = allErrors(error).flatMap(({ errors = [] }: KafkajsError) => errors.map(messageOf));
  return [messageOf(error), ...bundled].join("; ");
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export function busUnavailable(what: string, cause?: unknown): Fault {
  const text = cause === undefined ? what : `${what}: ${describeError(cause)}`;
  return new Fault("BUS_UNAVAILABLE", text, { retryable: true, cause });
}

/** Errors that persist until credentials, permissions or the broker's settings are changed. */
const permanentErrorTypes = [
  "TOPIC_AUTHORIZATION_FAILED",
  "GROUP_AUTHORIZATION_FAILED",
  "CLUSTER_AUTHORIZATION_FAILED",
  "SASL_AUTHENTICATION_FAILED",
  "UNSUPPORTED_SASL_MECHANISM",
  "POLICY_VIOLATION",
  "INVALID_TOPIC_EXCEPTION",
];

/** Of a certificate that is self-signed, expired, of another name or of an unknown authority. */
const untrustedCertificate = /^(?:ERR_TLS_CERT|CERT_|DEPTH_ZERO_SELF|SELF_SIGNED|UNABLE_TO_(?:GET|VERIFY))/;

/** BUS_REFUSED for what an operator has to correct, BUS_UNAVAILABLE for everything else; a Fault stays what it is. */
export function toBusFault(what: string, cause: unknown): Fault {
  if (cause instanceof Fault) return cause;
  const refusal = refusalOf(cause);
  if (refusal === undefined) return busUnavailable(what, cause);
  return new Fault("BUS_REFUSED", `${what}: ${refusal}: ${describeError(cause)}`, { retryable: false, cause });
}

function refusalOf(error: unknown): string | undefined {
  if (allErrors(error).some(({ code = "" }) => untrustedCertificate.test(code)))
    return "the broker's certificate is not trusted";
  const isRefused =
    isNamed(error, "KafkaJSSASLAuthenticationError") ||
    errorTypesOf(error).some((type) => permanentErrorTypes.includes(type));
  return isRefused ? "the broker refused" : undefined;
}
