import type { ModuleParts } from "./domain.ts";
import { genericParts } from "./generic-parts.tsx";

/** A module's own parts, by where they are: in a folder of its name, with `-` for `_`. */
const OWN_PARTS = import.meta.glob<ModuleParts>("../*/module-parts.tsx", { eager: true, import: "parts" });

export const partsOf = (module: string): ModuleParts =>
  OWN_PARTS[`../${module.replaceAll("_", "-")}/module-parts.tsx`] ?? genericParts;
