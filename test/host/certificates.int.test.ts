import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readConfig } from "../../app/host/config.ts";
import { readTlsFiles, TlsFilesError } from "../../app/host/tls-files.ts";
import { blockOf } from "../security/guide.ts";
import { makeCertificate, type MadeCertificate } from "../gateway/made-certificates.ts";

const folder = mkdtempSync(join(tmpdir(), "rollcall-certificates-"));
let good: MadeCertificate;
let other: MadeCertificate;
beforeAll(async () => {
  good = await makeCertificate(folder, "good");
  other = await makeCertificate(folder, "other", { untilDays: 5 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const written = (name: string, text: string): string => {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
};
/** What is said of the files: variable and file, then the remedy. */
function refusal(files: Partial<MadeCertificate>, nowMs = Date.now()): readonly string[] {
  const { certFile: certificate, keyFile: key } = { ...good, ...files };
  try {
    readTlsFiles({ certificate, key }, nowMs);
    return [];
  } catch (error) {
    if (!(error instanceof TlsFilesError)) throw error;
    return [error.message, error.remedy];
  }
}

describe("a certificate's files", () => {
  it("are taken as they are, with those that vouch for the server's own", () => {
    const chain = written("chain.pem", `# the server's\n${good.cert}\n${other.cert}`);
    const read = readTlsFiles({ certificate: chain, key: good.keyFile }, Date.now());
    expect(read.options).toMatchObject({ minVersion: "TLSv1.2", key: good.key });
    // Without each of them no client goes on: the first end counts.
    expect(read.expiresAtMs).toBeLessThan(Date.now() + 6 * 86_400_000);
  });

  it("that can't be served are refused by variable, file and remedy", () => {
    const gone = join(folder, "gone.pem");
    expect(refusal({ certFile: gone })).toEqual([
      `ROLLCALL_TLS_CERT_FILE: can't read ${gone} (ENOENT)`,
      expect.stringContaining("the process may read"),
    ]);
    expect(refusal({ keyFile: gone })[0]).toBe(`ROLLCALL_TLS_KEY_FILE: can't read ${gone} (ENOENT)`);
    const text = written("text.pem", "no certificate");
    expect(refusal({ certFile: text })[0]).toBe(`ROLLCALL_TLS_CERT_FILE: ${text} has no certificate in PEM`);
    expect(refusal({ keyFile: text })[0]).toBe(`ROLLCALL_TLS_KEY_FILE: ${text} has no private key in PEM`);
    const cut = written("cut.pem", good.cert.replace(/\n[^-]+\n/, "\nAAAA\n"));
    expect(refusal({ certFile: cut })[0]).toBe(`ROLLCALL_TLS_CERT_FILE: ${cut} has no certificate in PEM`);
    expect(refusal({ keyFile: other.keyFile })[0]).toBe(
      `ROLLCALL_TLS_KEY_FILE: ${other.keyFile} is not the key of the certificate in ${good.certFile}`,
    );
    const sealed = written(
      "sealed.pem",
      "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----",
    );
    expect(refusal({ keyFile: sealed })[0]).toBe(`ROLLCALL_TLS_KEY_FILE: the key in ${sealed} has a passphrase`);
  });

  it("are refused when one of the certificates has expired, or is not valid yet", async () => {
    const expired = await makeCertificate(folder, "expired", { fromDays: -3, untilDays: -1 });
    expect(refusal(expired)).toEqual([
      expect.stringMatching(
        new RegExp(`^ROLLCALL_TLS_CERT_FILE: a certificate in ${expired.certFile} has expired at \\d{4}-`),
      ),
      "put the renewed certificate, and its key, in place of the files",
    ]);
    const chain = written("expired-chain.pem", good.cert + expired.cert);
    expect(refusal({ certFile: chain })[0]).toContain("has expired at");
    const coming = await makeCertificate(folder, "coming", { fromDays: 1 });
    expect(refusal(coming)[0]).toMatch(/is valid only from \d{4}-.* on$/);
  });

  it("are named for all ports, or for one each, as the guide says: a certificate and a key", () => {
    const [all = {}, ...each] = blockOf("TLS", "sh")
      .trimEnd()
      .split("\n")
      .map((line) =>
        Object.fromEntries([...line.matchAll(/(ROLLCALL_\w+)=(\S+)/g)].map(([, name, value]) => [name, value])),
      );
    const filesOf = (config: ReturnType<typeof readConfig>) =>
      ["main", "parcels"].flatMap((name) =>
        [config.ROLLCALL_TLS_CERT_FILE, config.ROLLCALL_TLS_KEY_FILE].map((files) => files?.of(name)),
      );
    const [crt, key] = ["/etc/rollcall/tls.crt", "/etc/rollcall/tls.key"];
    expect(filesOf(readConfig(all))).toEqual([crt, key, crt, key]);
    const named = Object.assign({}, ...each) as Record<string, string>;
    expect(filesOf(readConfig(named))).toEqual([crt, key, "/etc/rollcall/parcels.crt", "/etc/rollcall/parcels.key"]);
  });

  it("are refused where one of the two is missing, or is there twice", () => {
    const refused = (certFile: string, keyFile: string) => () =>
      readConfig({ ROLLCALL_TLS_CERT_FILE: certFile, ROLLCALL_TLS_KEY_FILE: keyFile });
    expect(refused("/a.pem,parcels=/p.pem", "/a.key")).toThrow(
      "ROLLCALL_TLS_CERT_FILE has parcels=file, and ROLLCALL_TLS_KEY_FILE has none: set both or none",
    );
    expect(refused("", "/a.key")).toThrow("ROLLCALL_TLS_KEY_FILE has a file, and ROLLCALL_TLS_CERT_FILE has none");
    expect(refused("/a.pem,/b.pem", "/a.key")).toThrow("what has no name is there twice");
  });
});
