/** The command was given wrongly: its message says how to give it. The exit code is 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
