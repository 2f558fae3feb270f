import type { composeSystem } from "./compose.ts";

/** A composed system, as HTTP, the commands and the demo use it. */
export type System = Awaited<ReturnType<typeof composeSystem>>;
