import { createRequire } from "node:module";

// By the package's own name: what runs may be built, and then lies deeper than its source.
const { version } = createRequire(import.meta.url)("rollcall/package.json") as { readonly version: string };

/** Of this package, as package.json says. */
export const VERSION = version;
