import { writeFileSync } from "node:fs";
import { contractJsonSchema } from "../runtime/contract/documents/contract-json-schema.ts";

const file = new URL("../schemas/contract.schema.json", import.meta.url);
writeFileSync(file, `${JSON.stringify(contractJsonSchema(), undefined, 2)}\n`);
