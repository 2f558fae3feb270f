/** For the catch of a command's `main`: one line that says what is wrong, and exit code 2. */
export const failure =
  (command: string) =>
  (error: unknown): void => {
    process.stderr.write(`${command}: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 2;
  };
