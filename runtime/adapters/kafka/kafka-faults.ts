import { Fault } from "../../core/fault.ts";
import { settleWithin } from "../../ports/settle-within.ts";

interface KafkajsError {
  readonly name?: string;
  readonly message?: string;
  /** The protocol's name of the error, such as MESSAGE_TOO_LARGE. */
  readonly type?: string;
  /** Node's error code of a failed connection. */
  readonly code?: string;
  readonly cause?: unknown;
  readonly errors?: readonly unknown[];
}

/** kafkajs wraps the original error in errors about its retries. */
function* chainOf(error: unknown): Generator<KafkajsError> {
  for (let current = error, depth = 0; current instanceof Error && depth < 5; depth += 1) {
    yield current as KafkajsError;
    current = (current as KafkajsError).cause;
  }
}

/** The protocol's names of an error and of its causes. */
export function errorTypesOf(error: unknown): readonly string[] {
  return [...chainOf(error)].flatMap(({ type, errors = [] }) => [
    ...(type === undefined ? [] : [type]),
    ...errors.flatMap(errorTypesOf),
  ]);
}

export const isNamed = (error: unknown, name: string): boolean => [...chainOf(error)].some((e) => e.name === name);

export function describeError(error: unknown): string {
  const nested = [...chainOf(error)].flatMap(({ errors = [] }) => errors.map(describeError));
  return [error instanceof Error ? error.message : String(error), ...nested].join("; ");
}

export const busUnavailable = (what: string, cause?: unknown): Fault =>
  new Fault("BUS_UNAVAILABLE", cause === undefined ? what : `${what}: ${describeError(cause)}`, {
    retryable: true,
    cause,
  });

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

/** The certificate is self-signed, expired, of another name or of an unknown authority. */
const isUntrustedCertificate = (error: unknown): boolean =>
  [...chainOf(error)].some(
    ({ code, errors = [] }) =>
      /^(?:ERR_TLS_CERT|CERT_|DEPTH_ZERO_SELF|SELF_SIGNED|UNABLE_TO_(?:GET|VERIFY))/.test(code ?? "") ||
      errors.some(isUntrustedCertificate),
  );

/** BUS_REFUSED for what an operator has to correct, BUS_UNAVAILABLE for everything else; a Fault stays what it is. */
export function toBusFault(what: string, cause: unknown): Fault {
  if (cause instanceof Fault) return cause;
  if (isUntrustedCertificate(cause))
    return new Fault("BUS_REFUSED", `${what}: the broker's certificate is not trusted: ${describeError(cause)}`, {
      retryable: false,
      cause,
    });
  const refused =
    isNamed(cause, "KafkaJSSASLAuthenticationError") ||
    errorTypesOf(cause).some((type) => permanentErrorTypes.includes(type));
  if (!refused) return busUnavailable(what, cause);
  return new Fault("BUS_REFUSED", `${what}: the broker refused: ${describeError(cause)}`, { retryable: false, cause });
}

/**
 * Rejects with BUS_UNAVAILABLE when the work takes longer. The work itself is not cancelled; its result is ignored.
 */
export const withTimeout = <Result>(timeoutMs: number, what: string, work: Promise<Result>): Promise<Result> =>
  settleWithin(timeoutMs, work, () => {
    throw busUnavailable(`${what}: no answer within ${timeoutMs} ms`);
  });

/**
 * Ends the wait for work that can't be cancelled: kafkajs goes on connecting for seconds after its sockets were broken.
 */
export class PendingWork {
  readonly #waiting = new Set<(fault: Fault) => void>();

  track<Result>(work: Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.add(reject);
      work.then(resolve, reject).finally(() => this.#waiting.delete(reject));
    });
  }

  rejectAll(why: string): void {
    for (const reject of this.#waiting) reject(busUnavailable(why));
  }
}
