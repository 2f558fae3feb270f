import { randomBytes } from "node:crypto";
import { chown, mkdtemp, copyFile, chmod, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { freePorts } from "../real/services/free-ports.ts";
import { addUser, createInstance, removeInstance, startService } from "../real/services/instance.ts";
import { instancesDir } from "../real/services/places.ts";
import { databaseUrlAt, postgresServer } from "../real/services/postgres.ts";
import { type Certificates, makeCertificates } from "./certificates.ts";
import { blockOf } from "./guide.ts";

export const ROLES = {
  rollcall_migrate: "canary-pg-migrate-a1b2",
  rollcall_run: "canary-pg-run-c3d4",
  rollcall_read: "canary-pg-read-e5f6",
} as const;
export type PostgresRole = keyof typeof ROLES;

/** A server with the three roles of the guide, which need TLS and a password. */
export class SecuredPostgres {
  readonly certificates: Certificates;
  readonly adminUrl: string;
  readonly stop: () => Promise<void>;
  readonly #port: number;

  private constructor(certificates: Certificates, port: number, stop: () => Promise<void>) {
    this.certificates = certificates;
    this.adminUrl = databaseUrlAt(port);
    this.stop = stop;
    this.#port = port;
  }

  static async start(): Promise<SecuredPostgres> {
    const dir = join(instancesDir, `secured-${randomBytes(4).toString("hex")}`);
    const { postgres: port } = await freePorts(["postgres"]);
    const instance = createInstance(dir, { postgres: port });
    addUser(instance);
    const stop = (): Promise<void> => removeInstance(instance);
    try {
      const plain = await postgresServer(dir, port);
      const certificates = await makeCertificates(await mkdtemp(join(tmpdir(), "rollcall-tls-")));
      await startService(instance, {
        ...plain,
        async prepare() {
          await plain.prepare();
          await letIn(plain.dataDir, certificates);
        },
        command: () => ({ ...plain.command(), args: [...plain.command().args, "-c", "ssl=on"] }),
      });
      const server = new SecuredPostgres(certificates, port, stop);
      await server.#setUp();
      return server;
    } catch (error) {
      await stop();
      throw error;
    }
  }

  /** @param tls query of a connection string */
  url(role: PostgresRole, { host = "127.0.0.1", password = ROLES[role] as string, tls = this.verified } = {}): string {
    return `postgres://${role}:${password}@${host}:${this.#port}/rollcall?${tls}`;
  }

  get verified(): string {
    return `sslmode=verify-full&sslrootcert=${this.certificates.caFile}`;
  }

  /** Runs the statements of the guide, with passwords, which it leaves to the administrator. */
  async #setUp(): Promise<void> {
    const client = new Client({ connectionString: this.adminUrl });
    await client.connect();
    try {
      await client.query(blockOf("Postgres", "sql"));
      for (const [role, password] of Object.entries(ROLES))
        await client.query(`alter role ${role} password '${password}'`);
    } finally {
      await client.end();
    }
  }
}

async function letIn(dataDir: string, { certFile, keyFile }: Certificates): Promise<void> {
  const { uid, gid } = await stat(dataDir);
  const put = async (from: string, name: string): Promise<void> => {
    await copyFile(from, join(dataDir, name));
    await chown(join(dataDir, name), uid, gid);
    await chmod(join(dataDir, name), 0o600);
  };
  await put(certFile, "server.crt");
  await put(keyFile, "server.key");
  const roles = Object.keys(ROLES).join(",");
  const lines = [
    `hostssl all ${roles} 127.0.0.1/32 scram-sha-256`,
    `host all ${roles} 0.0.0.0/0 reject`,
    "host all rollcall 127.0.0.1/32 trust",
  ];
  await writeFile(join(dataDir, "pg_hba.conf"), lines.map((line) => `${line}\n`).join(""));
}
