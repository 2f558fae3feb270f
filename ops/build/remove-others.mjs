import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./places.mjs";

/** Of an earlier build: what this one has not written. */
export function removeOthers({ outputs }, folders) {
  for (const folder of folders)
    for (const name of readdirSync(join(ROOT, folder)))
      if (/\.js(\.map)?$/.test(name) && !(`${folder}/${name}` in outputs)) rmSync(join(ROOT, folder, name));
}
