import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type PeerCertificate, type TLSSocket } from "node:tls";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { ConfigError } from "../../app/host/config.ts";
import { PARCELS, ParcelsGateway } from "./parcels-gateway.ts";
import { makeCertificate, type MadeCertificate } from "./made-certificates.ts";

const folder = mkdtempSync(join(tmpdir(), "rollcall-tls-"));
const made: Record<"first" | "second" | "expired", MadeCertificate> = {} as never;
/** What the process is told to read. */
const files = { certFile: join(folder, "served.pem"), keyFile: join(folder, "served.key") };
beforeAll(async () => {
  made.first = await makeCertificate(folder, "first");
  made.second = await makeCertificate(folder, "second");
  made.expired = await makeCertificate(folder, "expired", { fromDays: -3, untilDays: -1 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const put = ({ certFile, keyFile }: MadeCertificate): void => {
  copyFileSync(certFile, files.certFile);
  copyFileSync(keyFile, files.keyFile);
};

let parcels: ParcelsGateway;
const open = async (environment: Record<string, string> = tlsOf("parcels")): Promise<void> =>
  void (parcels = await ParcelsGateway.open({ environment }));
afterEach(() => parcels.close());
const tlsOf = (listener: string) => ({
  ROLLCALL_TLS_CERT_FILE: `${listener}=${files.certFile}`,
  ROLLCALL_TLS_KEY_FILE: `${listener}=${files.keyFile}`,
});

interface Said {
  readonly status: number | undefined;
  readonly text: string;
}
const COUNT = "/v1/parcels/count";

/** @param options of TLS: whom it trusts */
function ask(options: object, url = parcels.url, path = COUNT): Promise<Said> {
  return new Promise((resolve, reject) => {
    const sent = request(url + path, { agent: false, ...options }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString()));
      response.on("end", () => resolve({ status: response.statusCode, text }));
    });
    sent.on("error", reject).end();
  });
}

const socketTo = (url: string, options: object): Promise<TLSSocket> =>
  new Promise((resolve, reject) => {
    const { hostname: host, port } = new URL(url);
    const socket = connect({ host, port: Number(port), ...options }, () => resolve(socket));
    socket.once("error", reject);
  });

/** Who is served to those who connect now. */
async function served(): Promise<PeerCertificate["subject"]["CN"]> {
  const socket = await socketTo(parcels.url, { rejectUnauthorized: false });
  const { subject } = socket.getPeerCertificate();
  socket.destroy();
  return subject.CN;
}

/** One request on a connection that is kept. */
const askOn = (socket: TLSSocket): Promise<string> =>
  new Promise((resolve) => {
    socket.once("data", (chunk) => resolve(chunk.toString().split("\r\n", 1)[0] ?? ""));
    socket.write(`GET ${COUNT} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
  });

describe("a listener with a certificate", () => {
  it("answers over TLS alone, to whoever trusts the certificate", async () => {
    put(made.first);
    await open();
    expect(parcels.url).toMatch(/^https:\/\/127\.0\.0\.1:/);
    expect(parcels.hostUrl).toMatch(/^http:/);
    expect(await ask({ ca: made.first.cert })).toMatchObject({ status: 200 });
    await expect(ask({ ca: made.second.cert })).rejects.toThrow("certificate");
    await expect(fetch(parcels.url.replace("https", "http") + COUNT)).rejects.toThrow("fetch failed");
    expect((await parcels.ask("GET", "/health/ready", { url: parcels.hostUrl })).status).toBe(200);
  });

  it("speaks TLS 1.2 and 1.3, and nothing older", async () => {
    put(made.first);
    await open();
    const spoken = async (version: string) => {
      const versions = { minVersion: version, maxVersion: version, ciphers: "DEFAULT@SECLEVEL=0" };
      const socket = await socketTo(parcels.url, { ca: made.first.cert, ...versions });
      const protocol = socket.getProtocol();
      socket.destroy();
      return protocol;
    };
    expect([await spoken("TLSv1.2"), await spoken("TLSv1.3")]).toEqual(["TLSv1.2", "TLSv1.3"]);
    for (const old of ["TLSv1", "TLSv1.1"]) await expect(spoken(old)).rejects.toThrow();
  });

  it("serves renewed files to new connections, and goes on with those that there are", async () => {
    put(made.first);
    await open();
    const kept = await socketTo(parcels.url, { ca: made.first.cert });
    expect(await askOn(kept)).toBe("HTTP/1.1 200 OK");
    put(made.second);
    expect(await served()).toBe("first");
    expect(parcels.host.certificates.renew()).toEqual([{ listener: "parcels", error: undefined }]);
    expect(await served()).toBe("second");
    expect(await askOn(kept)).toBe("HTTP/1.1 200 OK");
    kept.destroy();
  });

  it("keeps the former one when the renewed files are wrong, with a trouble until they are right", async () => {
    put(made.first);
    await open();
    for (const wrong of [made.expired, { ...made.first, keyFile: made.second.keyFile }]) {
      put(wrong);
      parcels.host.certificates.renew();
      expect(await served()).toBe("first");
      expect(await parcels.host.troubles.list()).toMatchObject([
        {
          ...{ code: "LISTENER_CERTIFICATE", subject: "parcels", blocks: "nothing" },
          detail: expect.stringContaining(files.certFile),
          remedy: expect.stringContaining("send SIGHUP"),
        },
      ]);
    }
    put(made.second);
    parcels.host.certificates.renew();
    expect([await served(), await parcels.host.troubles.list()]).toEqual(["second", []]);
  });

  it("stays closed while its certificate has expired, with a trouble, and all else is served", async () => {
    put(made.expired);
    await open();
    expect(parcels.gateways.addresses.size).toBe(0);
    expect(await parcels.host.troubles.list()).toMatchObject([
      {
        ...{ code: "LISTENER_CLOSED", subject: "parcels" },
        detail: expect.stringContaining(`ROLLCALL_TLS_CERT_FILE: a certificate in ${files.certFile} has expired`),
        remedy: expect.stringContaining("renewed certificate"),
      },
    ]);
    expect((await parcels.ask("GET", "/health/ready", { url: parcels.hostUrl })).status).toBe(200);
  });
});

describe("the host's own port", () => {
  it("has TLS as well, with the calls that are joined to it", async () => {
    put(made.first);
    await open({ ...tlsOf("main"), ROLLCALL_LISTENERS: "parcels=main" });
    expect(parcels.hostUrl).toMatch(/^https:/);
    for (const path of [COUNT, "/health/ready"])
      expect(await ask({ ca: made.first.cert }, parcels.hostUrl, path)).toMatchObject({ status: 200 });
  });

  it("ends the start when its certificate can't be served", async () => {
    put(made.expired);
    const { serve } = await import("../../app/serve.ts");
    const { defineModule } = await import("../../app/host/module.ts");
    parcels = { close: async () => {} } as ParcelsGateway;
    const contracts = new URL(`../../${PARCELS.contracts}/`, import.meta.url);
    const module = defineModule({
      api: 1,
      name: "parcels",
      domains: [{ name: "parcels", contracts, code: () => PARCELS.code }],
    });
    const env = {
      ...tlsOf("main"),
      ROLLCALL_HTTP_PORT: "0",
      ROLLCALL_DATA_DIR: join(folder, "data"),
      ROLLCALL_LOG_LEVEL: "silent",
    };
    const started = serve({ modules: [module], env });
    await expect(started).rejects.toThrow(ConfigError);
    await expect(started).rejects.toThrow(/ROLLCALL_TLS_CERT_FILE: .* has expired at .*: put the renewed certificate/);
  });
});
