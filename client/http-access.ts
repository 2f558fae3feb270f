import { Fault } from "../runtime/core/fault.ts";

/** Address and credentials of a system's HTTP interface. */
export interface HttpAccess {
  /** URL of a running system: `http://127.0.0.1:8080`. */
  readonly url: string;
  /** One of the system's `ROLLCALL_API_TOKENS`; the role `node` is enough. */
  readonly token?: string | undefined;
}

/** The token is sent in a header only: addresses are logged, and browsers attach cookies to requests of other sites. */
export const bearer = (token: string | undefined): Readonly<Record<string, string>> =>
  token === undefined ? {} : { authorization: `Bearer ${token}` };

/** For the answers 401 and 403, which a retry does not change. */
export const accessRefused = (what: string): Fault => new Fault("TRANSPORT_REFUSED", what, { retryable: false });
