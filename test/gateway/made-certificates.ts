import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { generate } from "selfsigned";

const DAY_MS = 86_400_000;
const DNS = 2;
const IP = 7;

export interface MadeCertificate {
  readonly certFile: string;
  readonly keyFile: string;
  /** Of the files. */
  readonly cert: string;
  readonly key: string;
}

interface Made {
  /** From now on, in days. */
  readonly fromDays?: number;
  readonly untilDays?: number;
}

/** A key, and the certificate of a server at 127.0.0.1 that it has signed itself. */
export async function makeCertificate(
  folder: string,
  name: string,
  { fromDays = -1, untilDays = 30 }: Made = {},
): Promise<MadeCertificate> {
  const altNames = [
    { type: IP, ip: "127.0.0.1" },
    { type: DNS, value: "localhost" },
  ] as const;
  const { cert, private: key } = await generate([{ name: "commonName", value: name }], {
    ...{ keyType: "ec", algorithm: "sha256" },
    notBeforeDate: new Date(Date.now() + fromDays * DAY_MS),
    notAfterDate: new Date(Date.now() + untilDays * DAY_MS),
    extensions: [{ name: "subjectAltName", altNames: [...altNames] }],
  });
  const dir = join(folder, name);
  mkdirSync(dir, { recursive: true });
  const [certFile, keyFile] = [join(dir, "cert.pem"), join(dir, "key.pem")];
  writeFileSync(certFile, cert);
  writeFileSync(keyFile, key);
  return { certFile, keyFile, cert, key };
}
