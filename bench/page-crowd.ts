import { openStream } from "./page-streams.ts";

/**
 * A process of its own, so that what many readers compute is not in the judge's time. Arguments: URL, readers, deaf
 * among them.
 */
const [url = "", readers = "0", deaf = "0"] = process.argv.slice(2);
const open = (count: number) => Promise.all(Array.from({ length: count }, () => openStream(url)));
// Never reads: its answer fills the kernel's buffers, and then the server's.
for (const response of await open(Number(deaf))) response.pause();
for (const response of await open(Number(readers) - Number(deaf))) response.resume();
process.send?.("open");
