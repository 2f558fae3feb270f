import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { afterEach, beforeEach, expect, it } from "vitest";
import { makeCertificate } from "../gateway/made-certificates.ts";
import { initializeStore } from "../initialized-store.ts";
import { installParcels } from "../parcels.ts";
import { freePorts } from "../real/services/free-ports.ts";
import { waitUntil } from "../real/services/wait-until.ts";
import { type Program, startProgram } from "./program.ts";

let folder: string;
let program: Program | undefined;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "rollcall-renewed-"));
  await initializeStore(join(folder, "data"));
});
afterEach(async () => {
  await program?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The name that those get to see who connect now. */
const servedAt = (port: number): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().subject.CN);
      socket.destroy();
    });
    socket.once("error", reject);
  });

it("a running program serves a renewed certificate from SIGHUP on, and keeps it when the next is wrong", async () => {
  const [first, second, expired] = await Promise.all([
    makeCertificate(folder, "first"),
    makeCertificate(folder, "second"),
    makeCertificate(folder, "expired", { fromDays: -3, untilDays: -1 }),
  ]);
  const [certFile, keyFile] = [join(folder, "served.pem"), join(folder, "served.key")];
  const put = (made: typeof first): void => {
    copyFileSync(made.certFile, certFile);
    copyFileSync(made.keyFile, keyFile);
  };
  put(first);
  const { parcels } = await freePorts(["parcels"]);
  program = await startProgram({
    command: ["start", "--module", installParcels(join(folder, "parcels"))],
    environment: {
      ...{ ROLLCALL_DATA_DIR: join(folder, "data"), ROLLCALL_LISTENERS: `parcels=${parcels}` },
      ...{ ROLLCALL_TLS_CERT_FILE: `parcels=${certFile}`, ROLLCALL_TLS_KEY_FILE: `parcels=${keyFile}` },
    },
  });
  const said = (text: string) =>
    waitUntil(async () => expect(program?.said()).toContain(text), { what: text, timeoutMs: 20_000 });
  await said(`listen on https://127.0.0.1:${parcels}`);
  expect(await servedAt(parcels)).toBe("first");
  put(second);
  program.signal("SIGHUP");
  await said("the certificate of parcels was read again");
  expect(await servedAt(parcels)).toBe("second");
  put(expired);
  program.signal("SIGHUP");
  await said("the renewed certificate of parcels is not served");
  expect(await servedAt(parcels)).toBe("second");
});
