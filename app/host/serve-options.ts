import type { Module } from "./module.ts";

// The host's own types stay inside: they name those of its libraries.
export interface ServeOptions {
  /** Whose domains are served; each is checked where it is loaded. */
  readonly modules: readonly Module[];
  /** Variables of the configuration, as `rollcall start --help` lists them. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Serves only these of the modules' domains. */
  readonly only?: readonly string[];
  /** No domain can be served any more. */
  readonly onFatal?: (error: unknown) => void;
}

export interface Served {
  /** Of HTTP. */
  readonly address: string;
  /** Drains and closes everything, within 10 s. */
  stop(): Promise<void>;
}
