const BYTES_PER_ROW = 16;

/** Bytes as `hexdump -C` shows them: offset, hexadecimal, and printable ASCII. */
export function hexDump(bytes: Uint8Array): string {
  const rows: string[] = [];
  for (let from = 0; from < bytes.length; from += BYTES_PER_ROW) {
    const row = [...bytes.subarray(from, from + BYTES_PER_ROW)];
    const hex = row.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const text = row.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".")).join("");
    rows.push(`${from.toString(16).padStart(8, "0")}  ${hex.padEnd(BYTES_PER_ROW * 3 - 1)}  ${text}`);
  }
  return rows.join("\n");
}

export const bytesOf = (value: string, encoding: "utf8" | "base64"): Uint8Array =>
  encoding === "utf8" ? new TextEncoder().encode(value) : Uint8Array.from(atob(value), (char) => char.charCodeAt(0));
