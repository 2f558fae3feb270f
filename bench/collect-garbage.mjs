// For a process whose memory is judged: what is left behind a collection is what it keeps. Garbage would hide it, and
// at a light load V8 may leave that lying for longer than the judge looks. Each time the resident set is written down.
import { appendFileSync } from "node:fs";
import { Session } from "node:inspector/promises";

const EVERY_MS = 10_000;
const session = new Session();
session.connect();
setInterval(async () => {
  await session.post("HeapProfiler.collectGarbage");
  appendFileSync(process.env.SOAK_MEMORY_FILE, `${performance.now()} ${process.memoryUsage.rss()}\n`);
}, EVERY_MS).unref();
