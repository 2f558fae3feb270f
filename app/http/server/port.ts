import type { Host } from "../../host/compose.ts";
import type { Port } from "./create-server.ts";

/**
 * As the configuration has it.
 * @param listener as variables call it
 * @throws TlsFilesError for a certificate that can't be served
 */
export function portOf({ config, certificates }: Pick<Host, "certificates" | "config">, listener: string): Port {
  const certificate = certificates.read(listener);
  return {
    certificate,
    connectionsMax: config.ROLLCALL_HTTP_CONNECTIONS_MAX.of(listener),
    onServer: (server) => certificates.serve(listener, certificate, server),
  };
}
