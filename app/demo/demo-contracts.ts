import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SHIPPED_CONTRACTS } from "../host/compose.ts";

/** What the demo's copy says instead, so that nobody waits half a minute: an operator's edit, nothing else. */
const TIMEOUT_EDITS: readonly { readonly name: string; readonly find: RegExp; readonly put: string }[] = [
  { name: "the ack deadline", find: /(name: ack, after: )\w+/, put: "$110s" },
  { name: "the liveness deadline", find: /(name: liveness\s+after: )\w+/, put: "$13s" },
  { name: "what a heartbeat renews it for", find: /(renewed_for: )\w+/, put: "$13s" },
];

/** Writes a copy of the shipped contracts with deadlines of seconds; the text is edited, as a person would. */
export function writeDemoContracts(directory: string): void {
  cpSync(SHIPPED_CONTRACTS, directory, { recursive: true, filter: (path) => !path.includes("messages") });
  const file = join(directory, "orchestrator.yaml");
  let text = readFileSync(file, "utf8");
  for (const { name, find, put } of TIMEOUT_EDITS) {
    if (!find.test(text)) throw new Error(`${file} does not say ${name} where the demo looks for it`);
    text = text.replace(find, put);
  }
  writeFileSync(file, text);
}
