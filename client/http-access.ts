import { Fault } from "../runtime/core/fault.ts";

/** How a node of this process reaches a system over HTTP, and says who it is. */
export interface HttpAccess {
  /** Of a running system: `http://127.0.0.1:8080`. */
  readonly url: string;
  /** One of the system's `ROLLCALL_API_TOKENS`; a node's is enough for what a node does. */
  readonly token?: string | undefined;
}

/** A token goes in a header only: an address is logged, and a cookie is sent by whoever asks a browser to. */
export const bearer = (token: string | undefined): Readonly<Record<string, string>> =>
  token === undefined ? {} : { authorization: `Bearer ${token}` };

/** For 401 and 403: asking again changes nothing. */
export const accessRefused = (what: string): Fault => new Fault("TRANSPORT_REFUSED", what, { retryable: false });
