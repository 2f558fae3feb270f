import { declarations } from "./declarations.ts";
import type { Mistake } from "./mistake.ts";
import { flow } from "./flow.ts";
import { invariants } from "./invariants.ts";
import { names } from "./names.ts";
import { routing } from "./routing.ts";
import { schemas } from "./schemas.ts";
import { transitions } from "./transitions.ts";

export const ALL_MISTAKES: readonly Mistake[] = [
  ...names,
  ...routing,
  ...transitions,
  ...schemas,
  ...declarations,
  ...flow,
  ...invariants,
];
