const INTERVAL_MS = 200;

/** A line that is overwritten at each update, on a terminal; elsewhere nothing is written. */
export function createProgressLine(stream: NodeJS.WriteStream): { update(line: () => string): void; clear(): void } {
  if (!stream.isTTY) return { update: () => {}, clear: () => {} };
  let nextAtMs = 0;
  return {
    update: (line) => {
      if (performance.now() < nextAtMs) return;
      nextAtMs = performance.now() + INTERVAL_MS;
      stream.write(`\r\x1b[K${line()}\r`);
    },
    clear: () => void stream.write("\r\x1b[K"),
  };
}
