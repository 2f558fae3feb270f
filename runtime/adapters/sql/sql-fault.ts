import { Fault } from "../../core/fault.ts";

/** SQLSTATE classes of errors in the data: data exception, integrity constraint violation, program limit exceeded. */
const refusedClasses = new Set(["22", "23", "54"]);

/** SQLSTATE of a server's error, also inside a Fault; undefined for an error that did not come from the server. */
export function sqlStateOf(error: unknown): string | undefined {
  const code = codeOf(error instanceof Fault ? error.cause : error);
  // Node's error codes are in the same property; those of five letters (EPIPE) begin with E, which no SQLSTATE does.
  return code !== undefined && /^[0-9A-DF-Z][0-9A-Z]{4}$/.test(code) ? code : undefined;
}

/** Whether the server ended the session, or may have: such a connection is not used again. */
export function endsSession(error: unknown): boolean {
  const state = sqlStateOf(error);
  return state === undefined || /^(08|57P|58|XX)/.test(state);
}

/** The Fault that a store throws for an error of its driver; a Fault is returned unchanged. */
export function storeFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  const what = describeError(error);
  if (refusedClasses.has(sqlStateOf(error)?.slice(0, 2) ?? ""))
    return new Fault("STORE_REFUSED", `the database refused the data: ${what}`, { retryable: false, cause: error });
  return new Fault("STORE_UNAVAILABLE", `the database failed: ${what}`, { retryable: true, cause: error });
}

/** The answer to COMMIT was lost: the transaction may have been committed or rolled back. */
export function commitUnknown(error: unknown): Fault {
  const text = `the answer to COMMIT was lost: ${describeError(error)}`;
  return new Fault("COMMIT_UNKNOWN", text, { retryable: true, cause: error });
}

function describeError(error: unknown): string {
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  return [message, code === undefined ? "" : `(${code})`].filter(Boolean).join(" ");
}

function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : undefined;
}
