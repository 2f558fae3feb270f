import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { CONFIG_SCHEMA, ConfigError, isLoopback, readConfig } from "../../app/host/config.ts";

const real = { KAFKA_BOOTSTRAP_SERVERS: "127.0.0.1:9092", DATABASE_URL: "postgres://rollcall@127.0.0.1/rollcall" };
const folder = mkdtempSync(join(tmpdir(), "rollcall-config-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("the configuration", () => {
  it("needs no variables: embedded mode, on this machine only", () => {
    expect(readConfig({})).toMatchObject({
      ROLLCALL_ENV: "dev",
      ROLLCALL_NAMESPACE: "",
      ROLLCALL_DATA_DIR: ".rollcall",
      ROLLCALL_PARTITIONS: 12,
      ROLLCALL_HTTP_HOST: "127.0.0.1",
      ROLLCALL_HTTP_PORT: 8080,
      CONSUL_REGISTRATION: "txn",
    });
  });

  it("treats an empty variable as unset", () => {
    const unset = { ...readConfig({}), redact: expect.any(Function) };
    expect(readConfig({ DATABASE_URL: "", ROLLCALL_HTTP_PORT: "" })).toEqual(unset);
  });

  it("describes every ROLLCALL variable", () => {
    const silent = Object.entries(CONFIG_SCHEMA.shape).filter(
      ([name, { description }]) => name !== "NODE_ENV" && !description,
    );
    expect(silent).toEqual([]);
  });

  it.each([
    [{ ROLLCALL_HTTP_PORT: "70000" }, "ROLLCALL_HTTP_PORT"],
    [{ ROLLCALL_HTTP_PORT: "http" }, "ROLLCALL_HTTP_PORT"],
    [{ ROLLCALL_PARTITIONS: "0" }, "ROLLCALL_PARTITIONS"],
    [{ ROLLCALL_PARTITIONS: "1.5" }, "ROLLCALL_PARTITIONS"],
    [{ ROLLCALL_DOMAIN_PARTITIONS: "orders=0" }, "ROLLCALL_DOMAIN_PARTITIONS"],
    [{ ROLLCALL_DOMAIN_PARTITIONS: "orders" }, "orders=4,tools=2"],
    [{ ROLLCALL_ENV: "Prod!" }, "ROLLCALL_ENV"],
    [{ ROLLCALL_LOG_LEVEL: "loud" }, "ROLLCALL_LOG_LEVEL"],
    [{ ...real, KAFKA_BOOTSTRAP_SERVERS: "kafka" }, "KAFKA_BOOTSTRAP_SERVERS"],
    [{ ...real, DATABASE_URL: "mysql://x" }, "DATABASE_URL"],
    [{ ...real, KAFKA_GROUP_ID: "nodes.{Domain}" }, "KAFKA_GROUP_ID: the one placeholder is {domain}"],
    [{ ...real, KAFKA_SASL_USERNAME: "u" }, "KAFKA_SASL_MECHANISM"],
    [{ ...real, KAFKA_SSL_CERT_FILE: "cert.pem" }, "KAFKA_SSL_KEY_FILE"],
    [{ CONSUL_REGISTRATION: "both" }, "CONSUL_REGISTRATION"],
    [{ ROLLCALL_FAILPOINT: "C5:exit", NODE_ENV: "production" }, "ROLLCALL_FAILPOINT"],
  ])("refuses %j and names %s", (environment, name) => {
    expect(() => readConfig(environment)).toThrow(ConfigError);
    expect(() => readConfig(environment)).toThrow(name);
  });

  it("reports every problem at once, without the values", () => {
    const read = () =>
      readConfig({ ROLLCALL_HTTP_PORT: "-1", ROLLCALL_ENV: "A", DATABASE_URL: "mysql://me:hunter2@db" });
    expect(read).toThrow(/ROLLCALL_ENV[^]*ROLLCALL_HTTP_PORT[^]*DATABASE_URL/);
    expect(read).not.toThrow(/hunter2/);
  });

  it.each(["KAFKA_BOOTSTRAP_SERVERS", "DATABASE_URL"] as const)("refuses %s alone, with the reason", (name) => {
    expect(() => readConfig({ [name]: real[name] })).toThrow(/set both, or neither/);
    expect(readConfig(real)).toMatchObject(real);
  });

  it("reads a secret from a file, or reports that it can't", () => {
    const file = join(folder, "token");
    writeFileSync(file, "s3cret\n");
    expect(readConfig({ CONSUL_HTTP_TOKEN_FILE: file }).CONSUL_HTTP_TOKEN).toBe("s3cret");
    expect(() => readConfig({ CONSUL_HTTP_TOKEN_FILE: join(folder, "none") })).toThrow(
      /CONSUL_HTTP_TOKEN_FILE.*ENOENT/,
    );
    expect(() => readConfig({ CONSUL_HTTP_TOKEN_FILE: file, CONSUL_HTTP_TOKEN: "other" })).toThrow(/keep one/);
  });

  it("listens on this machine only, unless tokens are configured", () => {
    for (const ROLLCALL_HTTP_HOST of ["0.0.0.0", "::", "10.0.0.1", "rollcall.example", "127.0.0.1.example"]) {
      expect(() => readConfig({ ROLLCALL_HTTP_HOST })).toThrow(
        /^ROLLCALL_HTTP_HOST=.* set ROLLCALL_API_TOKENS or ROLLCALL_API_TOKENS_FILE \(docs\/guide\/security\.md\)/,
      );
      const ROLLCALL_API_TOKENS = "operator me 0123456789abcdef0123456789abcdef";
      expect(readConfig({ ROLLCALL_HTTP_HOST, ROLLCALL_API_TOKENS })).toMatchObject({ ROLLCALL_HTTP_HOST });
    }
    expect(["127.0.0.1", "127.1.2.3", "localhost", "::1"].every(isLoopback)).toBe(true);
  });
});
