export const NODE_TYPES = ["effect", "compute", "reducer", "orchestrator"] as const;
