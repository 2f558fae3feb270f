import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const DAY_MS = 86_400_000;
const SIGNING = `[ca]
default_ca = own
[own]
dir = .
database = index.txt
serial = serial
new_certs_dir = .
default_md = sha256
policy = any
unique_subject = no
x509_extensions = server
[any]
commonName = supplied
[server]
subjectAltName = IP:127.0.0.1,DNS:localhost
`;

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
export function makeCertificate(
  folder: string,
  name: string,
  { fromDays = -1, untilDays = 30 }: Made = {},
): MadeCertificate {
  const cwd = join(folder, name);
  mkdirSync(cwd, { recursive: true });
  writeFileSync(join(cwd, "ca.cnf"), SIGNING);
  writeFileSync(join(cwd, "index.txt"), "");
  writeFileSync(join(cwd, "serial"), "01");
  const openssl = (command: string): unknown => execFileSync("openssl", command.split(" "), { cwd, stdio: "pipe" });
  const at = (days: number): string => new Date(Date.now() + days * DAY_MS).toISOString().replace(/[-:T]|\.\d+/g, "");
  openssl(`req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=${name} -keyout key.pem -out server.csr`);
  const valid = `-startdate ${at(fromDays)} -enddate ${at(untilDays)}`;
  openssl(`ca -batch -selfsign -config ca.cnf -keyfile key.pem -in server.csr -out cert.pem -notext ${valid}`);
  const [certFile, keyFile] = [join(cwd, "cert.pem"), join(cwd, "key.pem")];
  return { certFile, keyFile, cert: readFileSync(certFile, "utf8"), key: readFileSync(keyFile, "utf8") };
}
