import type { ModulePage } from "./domain.ts";

/** The only place that knows which modules have parts of their own. They are loaded when a page needs them. */
const OWN_PAGES: ReadonlyMap<string, ModulePage> = new Map([
  [
    "registration",
    {
      isAtRoot: true,
      words: { entity: "node", entities: "nodes" },
      loadParts: async () => (await import("../registration/registration-parts.tsx")).registrationParts,
    },
  ],
]);

const GENERIC_PAGE: ModulePage = {
  isAtRoot: false,
  words: { entity: "entity", entities: "entities" },
  loadParts: async () => (await import("./generic-parts.tsx")).genericParts,
};

export const pageOf = (module: string): ModulePage => OWN_PAGES.get(module) ?? GENERIC_PAGE;
