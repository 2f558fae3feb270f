/** What runs any command, in a process or a thread. Beside the command's bundle, so that the path holds for it too. */
export const COMMAND = new URL("rollcall.mjs", import.meta.url);
