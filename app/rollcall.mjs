#!/usr/bin/env -S node --max-semi-space-size=64
// What a turn makes lives until its commit: with Node's small young generation most of it would be copied twice.
// TypeScript is run as it is: nothing to build before the first success.
import { register as registerHook } from "node:module";
import { register } from "tsx/esm/api";

// As node --disable-proto=delete: no key of a message can reach a prototype, whatever a library does with it.
delete Object.prototype.__proto__;
register();
registerHook("./plain-names.mjs", import.meta.url);
await import("./cli.ts");
