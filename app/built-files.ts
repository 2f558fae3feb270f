import { fileURLToPath } from "node:url";

/** What `npm run build` makes. Tests run the sources, and find there what only a build can give them. */
const DIST = new URL(import.meta.url.endsWith(".ts") ? "../dist/" : "../", import.meta.url);

/** What runs any command, in a process or a thread. */
export const COMMAND = new URL("app/rollcall.js", DIST);
export const PAGE_FILES = fileURLToPath(new URL("dashboard", DIST));
/** The stylesheet of the documents. */
export const DOCS_STYLE = new URL("http/docs/docs.css", import.meta.url);
