/** Where a registry is when nobody says: on this machine, at its own port. */
export const registryUrl = (environment: Readonly<Record<string, string | undefined>>): string =>
  environment["NODE_REGISTRY_URL"] || "http://127.0.0.1:9205";
