import { registrationParts } from "../registration/registration-parts.tsx";
import type { ModuleParts } from "./domain.ts";
import { genericParts } from "./generic-parts.tsx";

/** The only place that knows which modules have parts of their own. */
const OWN_PARTS: ReadonlyMap<string, ModuleParts> = new Map([["registration", registrationParts]]);

export const partsOf = (module: string): ModuleParts => OWN_PARTS.get(module) ?? genericParts;
