import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../real/services/run.ts";

export interface Certificates {
  /** PEM files. */
  readonly caFile: string;
  /** Another authority, which signed none of the certificates. */
  readonly strangerFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  /** The contents of the files. */
  readonly ca: string;
  readonly stranger: string;
  readonly cert: string;
  readonly key: string;
}

/** An authority, a server's certificate for 127.0.0.1 and no other name, and a second authority. */
export async function makeCertificates(dir: string): Promise<Certificates> {
  await mkdir(dir, { recursive: true });
  const at = (name: string): string => join(dir, name);
  const openssl = (command: string) => run("openssl", command.split(" "), { cwd: dir });
  const authority = (name: string) =>
    openssl(`req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=${name} -keyout ${name}.key -out ${name}.pem`);
  await Promise.all([authority("ca"), authority("stranger")]);
  await openssl("req -newkey rsa:2048 -nodes -subj /CN=server -keyout server.key -out server.csr");
  await writeFile(at("server.ext"), "subjectAltName=IP:127.0.0.1\n");
  const signing = "-CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile server.ext";
  await openssl(`x509 -req -in server.csr ${signing} -out server.pem`);
  const read = (name: string): Promise<string> => readFile(at(name), "utf8");
  const [ca, stranger, cert, key] = await Promise.all(["ca.pem", "stranger.pem", "server.pem", "server.key"].map(read));
  return {
    caFile: at("ca.pem"),
    strangerFile: at("stranger.pem"),
    certFile: at("server.pem"),
    keyFile: at("server.key"),
    ca: ca ?? "",
    stranger: stranger ?? "",
    cert: cert ?? "",
    key: key ?? "",
  };
}
