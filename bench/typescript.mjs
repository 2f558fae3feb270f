// TypeScript is run as it is: nothing to build before the first success.
import { register as registerHook } from "node:module";
import { register } from "tsx/esm/api";

register();
registerHook("./plain-names.mjs", import.meta.url);
