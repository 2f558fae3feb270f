/** Resolves at the first SIGINT or SIGTERM. */
export const interruption = (): Promise<void> =>
  new Promise((resolve) => void process.once("SIGINT", () => resolve()).once("SIGTERM", () => resolve()));
