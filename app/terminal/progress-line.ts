const EVERY_MS = 200;

/** A line on a terminal that is written over; nothing elsewhere. */
export function progressOn(stream: NodeJS.WriteStream): { tell(line: () => string): void; end(): void } {
  if (!stream.isTTY) return { tell: () => {}, end: () => {} };
  let nextAtMs = 0;
  return {
    tell: (line) => {
      if (performance.now() < nextAtMs) return;
      nextAtMs = performance.now() + EVERY_MS;
      stream.write(`\r\x1b[K${line()}\r`);
    },
    end: () => void stream.write("\r\x1b[K"),
  };
}
