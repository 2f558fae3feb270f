import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { CONFIG_SCHEMA, ConfigError, readConfig } from "../../app/host/config.ts";
import { defineModule, type Module } from "../../app/host/module.ts";
import { unknownVariables, withoutVariables } from "../../app/host/module-variables.ts";

const folder = mkdtempSync(join(tmpdir(), "rollcall-variables-"));
afterAll(() => rmSync(folder, { recursive: true }));

const moduleWith = (shape: z.core.$ZodShape, name = "parcels"): Module =>
  defineModule({ api: 1, name, domains: [], config: z.object(shape) });
const key = z.string().min(8).describe("key of the address service (secret)");
const limit = z.coerce.number<string>().int().default(5).describe("parcels at once");
const parcels = moduleWith({ PARCELS_KEY: key, PARCELS_LIMIT: limit });
const KEY = 'abcdefgh"1';

describe("the variables of a module", () => {
  it("are read as its schema reads them, and handed over by its name", () => {
    expect(readConfig({ PARCELS_KEY: KEY, PARCELS_LIMIT: "7" }, [parcels]).ofModules).toEqual({
      parcels: { PARCELS_KEY: KEY, PARCELS_LIMIT: 7 },
    });
    expect(readConfig({ PARCELS_KEY: KEY, PARCELS_LIMIT: "" }, [parcels]).ofModules).toEqual({
      parcels: { PARCELS_KEY: KEY, PARCELS_LIMIT: 5 },
    });
  });

  it("are refused all at once, together with ours, with the module and what each is for", () => {
    const read = (): unknown => readConfig({ PARCELS_LIMIT: "many", ROLLCALL_HTTP_PORT: "-1" }, [parcels]);
    expect(read).toThrow(ConfigError);
    expect(read).toThrow(/^ROLLCALL_HTTP_PORT: /m);
    expect(read).toThrow(/^PARCELS_KEY: is not set \(of the module parcels: key of the address service \(secret\)\)$/m);
    expect(read).toThrow(/^PARCELS_LIMIT: .*parcels at once/m);
  });

  it("that are secrets may lie in a file, and no refusal shows them", () => {
    const file = join(folder, "key");
    writeFileSync(file, `${KEY}\n`);
    const config = readConfig({ PARCELS_KEY_FILE: file }, [parcels]);
    expect(config).toMatchObject({ ofModules: { parcels: { PARCELS_KEY: KEY } } });
    expect(config.redact(`with ${KEY}: ${JSON.stringify({ KEY })}`)).toBe('with [redacted]: {"KEY":"[redacted]"}');
    expect(() => readConfig({ PARCELS_KEY_FILE: join(folder, "none") }, [parcels])).toThrow(/PARCELS_KEY_FILE.*ENOENT/);
    const talkative = moduleWith({
      PARCELS_KEY: z
        .string()
        .refine(() => false, { error: ({ input }) => `${String(input)} is no key` })
        .describe("key (secret)"),
    });
    expect(() => readConfig({ PARCELS_KEY: KEY }, [talkative])).toThrow(/PARCELS_KEY: \[redacted\] is no key/);
    const throwing = moduleWith({
      PARCELS_URL: z
        .string()
        .transform((text) => new URL(text))
        .describe("where"),
    });
    expect(() => readConfig({ PARCELS_URL: "nowhere" }, [throwing])).toThrow(
      /config: can't be read: .*of the module parc/,
    );
  });

  it("may be shared by two modules only if they mean the same", () => {
    const other = (description: string) => moduleWith({ PARCELS_KEY: key.describe(description) }, "letters");
    const environment = { PARCELS_KEY: KEY };
    expect(readConfig(environment, [parcels, other(key.description ?? "")]).ofModules).toMatchObject({
      letters: environment,
    });
    expect(() => readConfig(environment, [parcels, other("another key (secret)")])).toThrow(
      /PARCELS_KEY: the modules parcels and letters declare it differently/,
    );
  });

  it("have their defaults, or are undefined, where nothing is served", () => {
    expect(withoutVariables(parcels)).toEqual({ PARCELS_KEY: undefined, PARCELS_LIMIT: 5 });
  });
});

describe("a variable that nothing reads", () => {
  const warnings = (...names: string[]) =>
    unknownVariables(Object.fromEntries(names.map((name) => [name, "1"])), CONFIG_SCHEMA.shape, [parcels]);

  it("is reported when its name begins as ours or as a module's, with the one that was meant", () => {
    expect(warnings("ROLLCALL_HTTP_PROT", "PARCELS_KYE_FILE", "PARCELS_COLOUR")).toEqual([
      "ROLLCALL_HTTP_PROT is set, and nothing reads it: did you mean ROLLCALL_HTTP_PORT?",
      "PARCELS_KYE_FILE is set, and nothing reads it: did you mean PARCELS_KEY_FILE?",
      "PARCELS_COLOUR is set, and nothing reads it",
    ]);
  });

  it("is not, when it is known, read elsewhere, or no business of ours", () => {
    expect(
      warnings("ROLLCALL_HTTP_PORT", "DATABASE_URL_FILE", "PARCELS_KEY_FILE", "PATH", "ROLLCALL_TOKEN_FILE"),
    ).toEqual([]);
    expect(warnings("ROLLCALL_SERVICE_HOST", "ROLLCALL_PORT_8080_TCP_ADDR")).toEqual([]);
    expect(unknownVariables({ ROLLCALL_PORT: "tcp://10.0.0.1:80" }, CONFIG_SCHEMA.shape, [])).toEqual([]);
  });
});
