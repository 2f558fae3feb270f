import type { ModulePage } from "../domains/domain.ts";

/** What the page calls registration's entities, and where it has what it shows of them in a way of its own. */
export const page: ModulePage = {
  isAtRoot: true,
  words: { entity: "node", entities: "nodes" },
  loadParts: async () => (await import("./module-parts.tsx")).parts,
};
