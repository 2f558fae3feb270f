#!/usr/bin/env -S node --min-semi-space-size=96 --max-semi-space-size=96
// What a turn makes lives until its commit: with Node's small young generation most of it would be copied twice. It is
// of one size from the start, so that memory is: V8 would let it grow by steps, for hours.

// A stack tells the line that was written.
process.setSourceMapsEnabled(true);
// As node --disable-proto=delete: no key of a message can reach a prototype, whatever a library does with it.
delete (Object.prototype as { __proto__?: unknown }).__proto__;
await import("./cli.ts");
