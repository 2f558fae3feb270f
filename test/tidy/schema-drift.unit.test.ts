import { readdirSync, readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { contractJsonSchema } from "../../runtime/contract/documents/contract-json-schema.ts";

const committed: unknown = JSON.parse(
  readFileSync(new URL("../../schemas/contract.schema.json", import.meta.url), "utf8"),
);
const folder = new URL("../../contracts/registration/", import.meta.url);
const contracts = readdirSync(folder)
  .filter((name) => name.endsWith(".yaml"))
  .map((name) => ({ name, text: readFileSync(new URL(name, folder), "utf8") }));

describe("schemas/contract.schema.json", () => {
  it("is what the loader's schema makes: else run npm run schemas", () =>
    expect(committed).toEqual(contractJsonSchema()));

  it("explains every key", () => {
    const silent: string[] = [];
    const visit = (value: unknown, path: string): void => {
      if (typeof value !== "object" || value === null) return;
      for (const [key, inner] of Object.entries(value)) {
        const keys = key === "properties" && !path.includes("/if") ? Object.entries(inner as object) : [];
        for (const [name, schema] of keys)
          if (!Object.hasOwn(schema as object, "description")) silent.push(`${path}/${name}`);
        visit(inner, `${path}/${key}`);
      }
    };
    visit(committed, "");
    expect(silent).toEqual([]);
  });

  it.each(contracts)("takes $name, which names it in its modeline", ({ text }) => {
    const validate = new Ajv({ strict: false }).compile(committed as object);
    expect(validate(parse(text)), JSON.stringify(validate.errors)).toBe(true);
    expect(text).toMatch(/^# yaml-language-server: \$schema=\.\.\/\.\.\/schemas\/contract\.schema\.json\n/);
  });

  it("refuses a key of another kind", () => {
    const validate = new Ajv({ strict: false }).compile(committed as object);
    const effects = parse(contracts.find(({ name }) => name === "effects.yaml")?.text ?? "") as object;
    expect(validate({ ...effects, entity_id: "x" })).toBe(false);
    expect(validate({ ...effects, node_type: "EFFECT_GENERIC" })).toBe(true);
  });
});
