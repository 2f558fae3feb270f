import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { blocksOf } from "../tidy/guide-blocks.ts";

const MODULE = `
import { defineModule, message, z } from "rollcall";
const text = z.string();
export default defineModule({
  api: 1,
  name: "notes",
  domains: [
    {
      name: "notes",
      contracts: new URL("./contracts/", import.meta.url),
      code: () => ({
        messages: [
          message("WriteNote", { note_id: z.string(), text }),
          message("DropNote", { note_id: z.string() }),
          message("NoteWritten", { text }),
          message("NoteDropped", {}),
        ],
      }),
    },
  ],
});
`;

/** Puts the document of the reference in a module's place, with its messages' shapes. @returns its lines of YAML */
export function noteDomain(folder: string): number {
  const contract = blocksOf("docs/reference/contracts.md").find(({ text }) => text.includes("lifecycle: document"));
  if (!contract) throw new Error("the reference has no document");
  writeFileSync(join(folder, "module.js"), MODULE);
  writeFileSync(join(folder, "contracts/contract.yaml"), contract.text);
  return contract.text.trimEnd().split("\n").length;
}
