/** For the catch of a command's `main`: one line with the error, and exit code 2. */
export const failure =
  (command: string) =>
  (error: unknown): void => {
    process.stderr.write(`${command}: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 2;
  };
