import type { ModulePage } from "./domain.ts";

/** A module's own page, by where it is: in a folder of its name, with `-` for `_`. Its parts are loaded when needed. */
const OWN_PAGES = import.meta.glob<ModulePage>("../*/module-page.ts", { eager: true, import: "page" });

const GENERIC_PAGE: ModulePage = {
  isAtRoot: false,
  words: { entity: "entity", entities: "entities" },
  loadParts: async () => (await import("./generic-parts.tsx")).genericParts,
};

export const pageOf = (module: string): ModulePage =>
  OWN_PAGES[`../${module.replaceAll("_", "-")}/module-page.ts`] ?? GENERIC_PAGE;
