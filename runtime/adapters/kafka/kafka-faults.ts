import { Fault } from "../../core/fault.ts";

interface KafkajsError {
  readonly name?: string;
  readonly message?: string;
  /** The protocol's name of the error, such as MESSAGE_TOO_LARGE. */
  readonly type?: string;
  /** Node's name of what was wrong with a connection. */
  readonly code?: string;
  readonly cause?: unknown;
  readonly errors?: readonly unknown[];
}

/** kafkajs wraps what went wrong in how often it tried. */
function* chainOf(error: unknown): Generator<KafkajsError> {
  for (let current = error, depth = 0; current instanceof Error && depth < 5; depth += 1) {
    yield current as KafkajsError;
    current = (current as KafkajsError).cause;
  }
}

/** The protocol's names of what went wrong, in an error or in its causes. */
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

/** What only a change of credentials, permissions or of the broker's settings can heal. */
const permanentErrorTypes = [
  "TOPIC_AUTHORIZATION_FAILED",
  "GROUP_AUTHORIZATION_FAILED",
  "CLUSTER_AUTHORIZATION_FAILED",
  "SASL_AUTHENTICATION_FAILED",
  "UNSUPPORTED_SASL_MECHANISM",
  "POLICY_VIOLATION",
  "INVALID_TOPIC_EXCEPTION",
];

/** A certificate that nobody vouches for, that has expired or has another name: the connection must not be. */
const isUntrustedCertificate = (error: unknown): boolean =>
  [...chainOf(error)].some(
    ({ code, errors = [] }) =>
      /^(?:ERR_TLS_CERT|CERT_|DEPTH_ZERO_SELF|SELF_SIGNED|UNABLE_TO_(?:GET|VERIFY))/.test(code ?? "") ||
      errors.some(isUntrustedCertificate),
  );

/** For what a person starts and can correct: refused is told from unreachable. */
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
 * Rejects with BUS_UNAVAILABLE when the work takes longer; the work itself goes on, and how it ends is ignored. The
 * timer keeps the process alive, unlike a Clock's: a broken-off connection leaves nothing else that would, and the
 * process would end in the middle of an `await`.
 */
export function withTimeout<Result>(timeoutMs: number, what: string, work: Promise<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(busUnavailable(`${what}: no answer within ${timeoutMs} ms`)), timeoutMs);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/**
 * Ends the wait for work that can't be ended itself: kafkajs tries to connect for seconds more when its sockets are
 * gone.
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
