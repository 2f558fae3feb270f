const reflectedPolynomial = 0x82f63b78;
const slices = tables();

/**
 * CRC-32C (Castagnoli), eight bytes a step ("slicing by 8"). It takes a third of the time of kafkajs' byte by byte,
 * which would be the most expensive part of a publish. Node's zlib has only CRC-32, another polynomial.
 */
export function crc32c(bytes: Buffer): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const t = slices;
  const wholeEnd = bytes.length - (bytes.length % 8);
  let crc = -1;
  let at = 0;
  for (; at < wholeEnd; at += 8) {
    const a = crc ^ view.getInt32(at, true);
    const b = view.getInt32(at + 4, true);
    crc =
      entry(t, 7, a) ^
      entry(t, 6, a >>> 8) ^
      entry(t, 5, a >>> 16) ^
      entry(t, 4, a >>> 24) ^
      entry(t, 3, b) ^
      entry(t, 2, b >>> 8) ^
      entry(t, 1, b >>> 16) ^
      entry(t, 0, b >>> 24);
  }
  for (; at < bytes.length; at += 1) crc = entry(t, 0, crc ^ view.getUint8(at)) ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** Never undefined: the lowest byte picks one of the 256 entries of a slice. */
function entry(t: Int32Array, slice: number, word: number): number {
  return t[slice * 256 + (word & 0xff)] as number;
}

/** Slice 0 holds the effect of one byte on the checksum, slice n its effect n bytes later. */
function tables(): Int32Array {
  const t = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ reflectedPolynomial : crc >>> 1;
    t[byte] = crc;
  }
  for (let i = 256; i < t.length; i += 1) {
    const before = t[i - 256] as number;
    t[i] = (before >>> 8) ^ entry(t, 0, before);
  }
  return t;
}
