import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createSecureContext, type SecureContextOptions } from "node:tls";

interface TlsFiles {
  readonly certificate: string;
  readonly key: string;
}

/** A certificate that can be served: it is valid now, and the key is its own. */
export interface ReadCertificate {
  readonly file: string;
  readonly validFromMs: number;
  /** When the first of those in the file expires. */
  readonly expiresAtMs: number;
  readonly options: SecureContextOptions;
}

/** Files that nothing can be served with. The message names variable and file. */
export class TlsFilesError extends Error {
  override readonly name = "TlsFilesError";
  readonly remedy: string;
  constructor(message: string, remedy: string) {
    super(message);
    this.remedy = remedy;
  }
}

const CERTIFICATE = "ROLLCALL_TLS_CERT_FILE";
const KEY = "ROLLCALL_TLS_KEY_FILE";
const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g;
const dayAndTime = (ms: number): string => new Date(ms).toISOString().replace(".000", "");

/** @throws TlsFilesError for files that can't be read, are no PEM, don't go together, or are not valid now */
export function readTlsFiles(files: TlsFiles, nowMs: number): ReadCertificate {
  const cert = read(CERTIFICATE, files.certificate);
  const certificates = certificatesIn(cert, files.certificate);
  const key = readKey(files.key);
  const [own] = certificates;
  if (!own.checkPrivateKey(key.object))
    throw new TlsFilesError(
      `${KEY}: ${files.key} is not the key of the certificate in ${files.certificate}`,
      `give the key that the certificate was made for; the first one in ${files.certificate} is the server's own`,
    );
  const validFromMs = Math.max(...certificates.map(({ validFrom }) => Date.parse(validFrom)));
  const expiresAtMs = Math.min(...certificates.map(({ validTo }) => Date.parse(validTo)));
  if (expiresAtMs <= nowMs)
    throw new TlsFilesError(
      `${CERTIFICATE}: a certificate in ${files.certificate} has expired at ${dayAndTime(expiresAtMs)}`,
      "put the renewed certificate, and its key, in place of the files",
    );
  if (validFromMs > nowMs)
    throw new TlsFilesError(
      `${CERTIFICATE}: a certificate in ${files.certificate} is valid only from ${dayAndTime(validFromMs)} on`,
      "give one that is valid now, or set this machine's clock",
    );
  const options = { cert, key: key.text, minVersion: "TLSv1.2" } as const;
  try {
    createSecureContext(options);
  } catch (error) {
    throw new TlsFilesError(
      `${CERTIFICATE}: ${files.certificate} can't be served with: ${(error as Error).message}`,
      "give a certificate and a key that OpenSSL takes, such as RSA with 2048 bits or P-256",
    );
  }
  return { file: files.certificate, validFromMs, expiresAtMs, options };
}

function read(variable: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new TlsFilesError(
      `${variable}: can't read ${file} (${(error as NodeJS.ErrnoException).code})`,
      "give a file that is there, and that the process may read",
    );
  }
}

function certificatesIn(text: string, file: string): readonly [X509Certificate, ...X509Certificate[]] {
  try {
    const [own, ...others] = (text.match(PEM_CERTIFICATE) ?? []).map((each) => new X509Certificate(each));
    if (own) return [own, ...others];
  } catch {
    // What is between the lines is no certificate.
  }
  throw new TlsFilesError(
    `${CERTIFICATE}: ${file} has no certificate in PEM`,
    "give a file with -----BEGIN CERTIFICATE-----, the server's own first",
  );
}

function readKey(file: string): { readonly text: string; readonly object: KeyObject } {
  const text = read(KEY, file);
  try {
    return { text, object: createPrivateKey(text) };
  } catch (error) {
    const isEncrypted = (error as NodeJS.ErrnoException).code === "ERR_MISSING_PASSPHRASE" || /ENCRYPTED/.test(text);
    throw isEncrypted
      ? new TlsFilesError(
          `${KEY}: the key in ${file} has a passphrase`,
          "give the key without one, in a file that only the process may read",
        )
      : new TlsFilesError(`${KEY}: ${file} has no private key in PEM`, "give a file with -----BEGIN PRIVATE KEY-----");
  }
}
