import { randomBytes } from "node:crypto";

/** A ROLLCALL_NAMESPACE for each test file, so that it sees no topics and groups of other files. */
export const freshNamespace = (): string => `t${randomBytes(3).toString("hex")}`;
