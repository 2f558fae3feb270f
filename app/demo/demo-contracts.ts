import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SHIPPED_CONTRACTS } from "../host/compose.ts";

/** The demo's contracts differ from the shipped ones in these deadlines only, so that nobody waits half a minute. */
const TIMEOUT_EDITS: readonly { readonly name: string; readonly find: RegExp; readonly put: string }[] = [
  { name: "ack deadline", find: /(name: ack, after: )\w+/, put: "$110s" },
  { name: "liveness deadline", find: /(name: liveness\s+after: )\w+/, put: "$13s" },
  { name: "renewal by heartbeats", find: /(renewed_for: )\w+/, put: "$13s" },
];

/** Writes a copy of the shipped contracts with deadlines of seconds. */
export function writeDemoContracts(directory: string): void {
  cpSync(SHIPPED_CONTRACTS, directory, { recursive: true, filter: (path) => !path.includes("messages") });
  const file = join(directory, "orchestrator.yaml");
  let text = readFileSync(file, "utf8");
  for (const { name, find, put } of TIMEOUT_EDITS) {
    if (!find.test(text)) throw new Error(`${file} has no ${name} where the demo edits it`);
    text = text.replace(find, put);
  }
  writeFileSync(file, text);
}
