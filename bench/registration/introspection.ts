/** What a node says of itself when it registers. */
export const introspection = (nodeId: string, index: number): object => ({
  node_id: nodeId,
  node_type: "effect",
  node_version: { major: 1, minor: 2, patch: index % 50 },
  capabilities: ["registration.storage", "registration.storage.query", "effect.http", "effect.postgres"],
  health_endpoint: "/health",
  endpoints: {
    api: `http://10.0.${(index >> 8) & 255}.${index & 255}:8080`,
    health: `http://10.0.${(index >> 8) & 255}.${index & 255}:8080/health`,
  },
  metadata: { region: "eu-1", build: "3f1c9a7e5b2d4f6081a2c3d4e5f60718293a4b5c", priority: "5" },
  timestamp: new Date().toISOString(),
});
