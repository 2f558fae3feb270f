import type { CanaryServer } from "../canary-server.ts";

/** An introspection with the canary's address in every field that may hold one. */
export const pointingAt = ({ authority }: CanaryServer) => ({
  endpoints: {
    http: `http://${authority}/api`,
    health: `http://${authority}/health`,
    grpc: `grpc://${authority}`,
    tcp: `tcp://${authority}`,
    webhook: `http://${authority}/callback`,
  },
  health_endpoint: `http://${authority}/healthz`,
  metadata: { callback_url: `http://${authority}/metadata`, redirect: `http://${authority}` },
  capabilities: [`http://${authority}/capability`],
  node_name: `http://${authority}/name`,
});
