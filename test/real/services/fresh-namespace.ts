import { randomBytes } from "node:crypto";

/** A ROLLCALL_NAMESPACE of its own for every test file: topics and groups of other files are out of sight. */
export const freshNamespace = (): string => `t${randomBytes(3).toString("hex")}`;
