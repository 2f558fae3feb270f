import { isUtf8 } from "node:buffer";

export type StoredHeaders = Readonly<Record<string, string | { readonly base64: string }>>;

const mapValues = <From, To>(record: Readonly<Record<string, From>>, change: (value: From) => To): Record<string, To> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));

/** Headers as json that people can read in the table; bytes that are not UTF-8 as base64. */
export function headersToJson(headers: Readonly<Record<string, Buffer>>): string {
  const stored: StoredHeaders = mapValues(headers, (value) =>
    isUtf8(value) ? value.toString("utf8") : { base64: value.toString("base64") },
  );
  return JSON.stringify(stored);
}

export const headersFromJson = (stored: StoredHeaders): Record<string, Buffer> =>
  mapValues(stored, (value) => (typeof value === "string" ? Buffer.from(value) : Buffer.from(value.base64, "base64")));

export const headersToBytes = (headers: Readonly<Record<string, string | Buffer>>): Record<string, Buffer> =>
  mapValues(headers, (value) => Buffer.from(value));
