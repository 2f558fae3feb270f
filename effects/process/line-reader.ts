const NEWLINE = 10;
const LINE_BEGINS_OBJECT = Buffer.from("\n{");

/** Takes bytes apart into lines. One that is longer than allowed is cut, so what is held is bounded. */
export class LineReader {
  readonly #bytesMax: number;
  readonly #onLine: (line: string) => void;
  #held: Buffer[] = [];
  #heldBytes = 0;
  /** Of the line that begins: of these bytes no more is kept. */
  #isCut = false;
  #onlyObjects = false;
  #skippedBytes = 0;

  constructor(bytesMax: number, onLine: (line: string) => void) {
    this.#bytesMax = bytesMax;
    this.#onLine = onLine;
  }

  /** Bytes that nobody was told of. */
  get skippedBytes(): number {
    return this.#skippedBytes;
  }

  /** From now on only lines that begin with `{` count: all others are skipped as fast as memory is read. */
  onlyObjects(): void {
    this.#onlyObjects = true;
  }

  push(chunk: Buffer): void {
    let from = 0;
    while (from < chunk.length) {
      const end = chunk.indexOf(NEWLINE, from);
      if (end < 0) return this.#hold(chunk.subarray(from));
      this.#hold(chunk.subarray(from, end));
      this.#finish();
      from = this.#onlyObjects ? this.#nextObject(chunk, end) : end + 1;
    }
  }

  /** What was begun and has no end of line. */
  end(): void {
    if (this.#heldBytes > 0) this.#finish();
  }

  #nextObject(chunk: Buffer, newline: number): number {
    const begins = chunk.indexOf(LINE_BEGINS_OBJECT, newline);
    // The last line may go on in the next chunk.
    const next = begins < 0 ? chunk.lastIndexOf(NEWLINE) + 1 : begins + 1;
    this.#skippedBytes += next - newline - 1;
    return next;
  }

  #hold(part: Buffer): void {
    const room = this.#bytesMax - this.#heldBytes;
    if (part.length > room) this.#isCut = true;
    const kept = part.subarray(0, Math.max(0, room));
    this.#skippedBytes += part.length - kept.length;
    if (kept.length === 0) return;
    // A copy: the chunk that it is a part of can go.
    this.#held.push(Buffer.from(kept));
    this.#heldBytes += kept.length;
  }

  #finish(): void {
    const text = Buffer.concat(this.#held).toString("utf8");
    const isCut = this.#isCut;
    this.#held = [];
    this.#heldBytes = 0;
    this.#isCut = false;
    const line = text.endsWith("\r") ? text.slice(0, -1) : text;
    if (line !== "" || isCut) this.#onLine(isCut ? `${line}...` : line);
  }
}
