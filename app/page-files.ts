/** What `npm run build` makes of `dashboard/`. Beside the command's bundle, so that the path holds for it too. */
export const PAGE_FILES = new URL("../dashboard/dist", import.meta.url).pathname;
/** The stylesheet of the documents. */
export const DOCS_STYLE = new URL("http/docs/docs.css", import.meta.url).pathname;
