import type { Server as PlainServer } from "node:http";
import { Server } from "node:https";
import type { Clock } from "../../runtime/ports/clock.ts";
import type { Config } from "./config.ts";
import { type ReadCertificate, readTlsFiles, TlsFilesError } from "./tls-files.ts";
import type { ServedCertificate } from "./troubles/facts.ts";

interface Served {
  readonly servers: Server[];
  certificate: ReadCertificate;
  refused: ServedCertificate["refused"];
}

type TlsConfig = Pick<Config, "ROLLCALL_TLS_CERT_FILE" | "ROLLCALL_TLS_KEY_FILE">;

/** The certificates that the ports of a process are served with, from the files that the configuration names. */
export class Certificates {
  readonly #config: TlsConfig;
  readonly #clock: Pick<Clock, "wallMs">;
  readonly #served = new Map<string, Served>();

  constructor(config: TlsConfig, clock: Pick<Clock, "wallMs">) {
    this.#config = config;
    this.#clock = clock;
  }

  /**
   * @param listener as variables call it
   * @returns undefined: the port has no TLS
   * @throws TlsFilesError
   */
  read(listener: string): ReadCertificate | undefined {
    const certificate = this.#config.ROLLCALL_TLS_CERT_FILE?.of(listener);
    const key = this.#config.ROLLCALL_TLS_KEY_FILE?.of(listener);
    if (certificate === undefined || key === undefined) return undefined;
    return readTlsFiles({ certificate, key }, this.#clock.wallMs());
  }

  /** From now on the server is given what the files have, whenever they are read again. Without TLS: nothing. */
  serve(listener: string, certificate: ReadCertificate | undefined, server: PlainServer): void {
    if (!certificate || !(server instanceof Server)) return;
    const served = this.#served.get(listener) ?? { servers: [], certificate, refused: undefined };
    served.servers.push(server);
    this.#served.set(listener, served);
  }

  end(listener: string): void {
    this.#served.delete(listener);
  }

  /**
   * Reads the files again. Connections stay as they are, new ones get the new certificate. One whose files are wrong is
   * served as before.
   */
  renew(): readonly { readonly listener: string; readonly error: TlsFilesError | undefined }[] {
    return [...this.#served].map(([listener, served]) => {
      try {
        const certificate = this.read(listener) ?? served.certificate;
        for (const server of served.servers) server.setSecureContext(certificate.options);
        served.certificate = certificate;
        served.refused = undefined;
        return { listener, error: undefined };
      } catch (error) {
        if (!(error instanceof TlsFilesError)) throw error;
        const { message: reason, remedy } = error;
        served.refused = { reason, remedy, sinceMs: served.refused?.sinceMs ?? this.#clock.wallMs() };
        return { listener, error };
      }
    });
  }

  get served(): readonly ServedCertificate[] {
    return [...this.#served].map(([listener, { certificate, refused }]) => {
      const { file, validFromMs, expiresAtMs } = certificate;
      return { listener, file, validFromMs, expiresAtMs, refused };
    });
  }
}
