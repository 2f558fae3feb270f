import type { ServiceChange } from "./service-registry.ts";

/** Refused as by Consul: a client that connects to such an address reaches its own machine. */
const WILDCARD_ADDRESSES: ReadonlySet<string> = new Set(["0.0.0.0", "::", "[::]"]);

export const hasWildcardAddress = (change: ServiceChange): boolean =>
  change.kind === "register" && change.entry.address !== null && WILDCARD_ADDRESSES.has(change.entry.address);
