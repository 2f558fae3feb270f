// TypeScript is run as it is, by what measures or simulates: without a build, and as fast as one.
import { register as registerHook } from "node:module";
import { register } from "tsx/esm/api";

register();
registerHook("./plain-names.mjs", import.meta.url);
