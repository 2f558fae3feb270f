import type { Writable } from "node:stream";
import type pg from "pg";

/** The argument of the `bind` method of pg's connection. */
export interface BindRequest {
  readonly portal?: string;
  readonly statement?: string;
  readonly binary?: boolean;
  readonly values?: readonly unknown[];
  readonly valueMapper?: (value: unknown) => string | Buffer | null;
}

const BIND = 0x42;
const FORMAT_TEXT = 0;
const FORMAT_BINARY = 1;
const NULL = -1;
/** Shorter values are copied, because a write of their own would cost more. */
const CHUNK_BYTES_MIN = 1_024;

/**
 * Makes a client send its Bind messages in chunks. pg copies the values into one buffer that it enlarges by half as
 * often as needed, by megabytes for a large turn; here a large value is written to the socket without a copy. The
 * layout is that of Bind in "Message Formats" of Postgres' documentation.
 */
export function sendBindInChunks(client: pg.ClientBase): void {
  const { connection } = client as unknown as { connection: { stream: Writable; bind(binding: BindRequest): void } };
  connection.bind = (binding) => {
    // The stream is corked by the query, so the chunks leave in one write.
    if (connection.stream.writable) for (const chunk of bindMessageChunks(binding)) connection.stream.write(chunk);
  };
}

/** @returns the chunks of the message, in order */
export function bindMessageChunks({
  portal = "",
  statement = "",
  binary,
  values = [],
  valueMapper,
}: BindRequest): Buffer[] {
  const mapped = values.map((value) => (valueMapper ? valueMapper(value) : (value as string | Buffer | null)));
  const lengths = mapped.map((value) => (value === null ? NULL : Buffer.byteLength(value)));
  const isOwnChunk = mapped.map((value) => Buffer.isBuffer(value) && value.length >= CHUNK_BYTES_MIN);
  const content = lengths.reduce((sum, length) => sum + Math.max(length, 0), 0);
  const fixed = 1 + 4 + Buffer.byteLength(portal) + 1 + Buffer.byteLength(statement) + 1 + 2 + 2 + 2 + 2;
  const total = fixed + mapped.length * (2 + 4) + content;
  const ownChunkBytes = lengths.reduce((sum, length, at) => sum + (isOwnChunk[at] === true ? length : 0), 0);
  const bytes = Buffer.allocUnsafe(total - ownChunkBytes);
  const chunks: Buffer[] = [];
  let from = 0;
  let at = bytes.writeUInt8(BIND, 0);
  at = bytes.writeInt32BE(total - 1, at);
  for (const text of [portal, statement]) {
    at += bytes.write(text, at);
    at = bytes.writeUInt8(0, at);
  }
  at = bytes.writeInt16BE(mapped.length, at);
  for (const value of mapped) at = bytes.writeInt16BE(Buffer.isBuffer(value) ? FORMAT_BINARY : FORMAT_TEXT, at);
  at = bytes.writeInt16BE(mapped.length, at);
  for (const [index, value] of mapped.entries()) {
    at = bytes.writeInt32BE(lengths[index] ?? NULL, at);
    if (typeof value === "string") at += bytes.write(value, at);
    else if (value !== null && isOwnChunk[index] !== true) at += value.copy(bytes, at);
    else if (value !== null) {
      chunks.push(bytes.subarray(from, at), value);
      from = at;
    }
  }
  // One format code applies to all columns of the result.
  at = bytes.writeInt16BE(1, at);
  bytes.writeInt16BE(binary === true ? FORMAT_BINARY : FORMAT_TEXT, at);
  chunks.push(bytes.subarray(from));
  return chunks;
}
