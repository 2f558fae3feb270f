import type { Mutant } from "./mutants.ts";

const CERTIFICATES = "test/host/certificates.int";
const TLS = "test/gateway/tls.int";
const LISTENERS = "test/gateway/listeners.int";
const GATEWAYS = "app/http/gateway/gateways.ts";
const LISTENER = "app/http/gateway/listener.ts";

/** Of the ports of gateways. */
export const LISTENER_MUTANTS: readonly Mutant[] = [
  {
    defect: "a certificate that has expired is served",
    promise: "G16",
    file: "app/host/tls-files.ts",
    find: "if (expiresAtMs <= nowMs)",
    replace: "if (expiresAtMs <= 0)",
    tests: [CERTIFICATES, TLS],
  },
  {
    defect: "only the server's own certificate is looked at, not those that vouch for it",
    promise: "G16",
    file: "app/host/tls-files.ts",
    find: "Math.min(...certificates.map(({ validTo })",
    replace: "Math.min(...[own].map(({ validTo })",
    tests: [CERTIFICATES],
  },
  {
    defect: "a renewed certificate is served after the next start only",
    promise: "G16",
    file: "app/host/certificates.ts",
    find: "for (const server of served.servers)",
    replace: "for (const server of served.servers.slice(1))",
    tests: [TLS],
  },
  {
    defect: "nobody is told that a renewed certificate is not served",
    promise: "G16",
    file: "app/host/troubles/listener-troubles.ts",
    find: "  if (refused)\n",
    replace: "  if (refused && nowMs < 0)\n",
    tests: [TLS],
  },
  {
    defect: "at the host's own port each listener has the origins and networks of the first",
    promise: "G16",
    file: "app/http/gateway/served-gateways.ts",
    find: "if (!another) return only;",
    replace: "if (only) return only;",
    tests: [LISTENERS],
  },
  {
    defect: "a page that may call a gateway may use the host's own paths",
    promise: "G16",
    file: GATEWAYS,
    find: "return isOfGateways && allowsOrigin(",
    replace: "return allowsOrigin(",
    tests: [LISTENERS],
  },
  {
    defect: "whoever reaches a port from another machine is an operator where there are no tokens",
    promise: "G16",
    file: LISTENER,
    find: "tokens ?? (isLoopback(place.host) ? undefined : NO_TOKENS)",
    replace: "tokens",
    tests: [LISTENERS],
  },
  {
    defect: "a name that was rebound to a port with networks gets in",
    promise: "G16",
    file: "app/http/server/browser-guard.ts",
    find: "(!isNamed && (!trustsNetworks() || isIP(unbracketed(host)) > 0))",
    replace: "!isNamed",
    tests: [LISTENERS],
  },
  {
    defect: "a listener that a reload moves stays where it was",
    promise: "G16",
    file: GATEWAYS,
    find: 'if (kind === "contracts_in_force" || kind === "gateways_in_force")',
    replace: 'if (kind === "contracts_in_force")',
    tests: [LISTENERS],
  },
];
