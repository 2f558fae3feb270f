import { isUtf8 } from "node:buffer";

type StoredHeaders = Readonly<Record<string, string | { readonly base64: string }>>;

/** Headers as json that people can read in the table; bytes that are not UTF-8 as base64. */
export function headersToJson(headers: Readonly<Record<string, Buffer>>): string {
  const stored: StoredHeaders = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      isUtf8(value) ? value.toString("utf8") : { base64: value.toString("base64") },
    ]),
  );
  return JSON.stringify(stored);
}

export function headersFromJson(stored: StoredHeaders): Record<string, Buffer> {
  return Object.fromEntries(
    Object.entries(stored).map(([name, value]) => [
      name,
      typeof value === "string" ? Buffer.from(value, "utf8") : Buffer.from(value.base64, "base64"),
    ]),
  );
}

export function headersToBytes(headers: Readonly<Record<string, string | Buffer>>): Record<string, Buffer> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Buffer.from(value)]));
}
