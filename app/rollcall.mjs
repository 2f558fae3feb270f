#!/usr/bin/env node
// TypeScript is run as it is: nothing to build before the first success.
import { register } from "tsx/esm/api";

register();
await import("./cli.ts");
