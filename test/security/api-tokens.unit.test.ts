import { createHash } from "node:crypto";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { readApiTokens } from "../../app/host/api-tokens.ts";
import { ConfigError, readConfig } from "../../app/host/config.ts";
import { blockOf } from "./guide.ts";

const secret = "0123456789abcdef0123456789abcdef";
const hashed = createHash("sha256").update(secret).digest("hex");
const read = (text: string) => {
  const wrong: string[] = [];
  const tokens = readApiTokens(text, (what) => wrong.push(what));
  return { wrong, tokens: tokens.map(({ role, name }) => `${role} ${name}`) };
};

describe("API tokens", () => {
  it("are read as the guide writes them", () => {
    const text = blockOf("Tokens", "text");
    expect(read(text)).toEqual({
      wrong: [],
      tokens: ["operator alice", "reader prometheus", "node payments-1", "node edge-*"],
    });
  });

  it("can be given in one line, with commas", () =>
    expect(read(`reader a ${secret}, node * ${secret}0`).tokens).toEqual(["reader a", "node *"]));

  it.each([
    ["root a 0123456789abcdef0123456789abcdef", /line 1: the role is reader, node or operator/],
    ["reader a", /line 1: needs a role, a name and a token/],
    ["\nreader a b 0123456789abcdef0123456789abcdef", /line 2: needs/],
    ["reader a* 0123456789abcdef0123456789abcdef", /line 1: a name has/],
    ["node a*b 0123456789abcdef0123456789abcdef", /line 1: a node's name/],
    ["reader a short", /line 1: a token has 24 to 512 .*openssl rand/],
    ["reader a sha256:0123", /line 1: a token has/],
    [`reader a ${secret}\noperator b sha256:${hashed.toUpperCase()}`, /line 2: this token is a duplicate/],
    ["# nobody", /it has no tokens/],
  ])("are refused in %j, with the line number and without its text", (text, reason) => {
    const refused = () => readConfig({ ROLLCALL_API_TOKENS: text });
    expect(refused).toThrow(ConfigError);
    expect(refused).toThrow(reason);
    expect(refused).not.toThrow(/0123456789|short/);
  });

  it("are found by the token, given plain or as its hash", () => {
    const { ROLLCALL_API_TOKENS: tokens } = readConfig({ ROLLCALL_API_TOKENS: `operator b sha256:${hashed}` });
    expect(tokens?.find(secret)).toMatchObject({ role: "operator", name: "b" });
    for (const other of [hashed, `sha256:${hashed}`, `${secret} `, secret.slice(1), secret.toUpperCase(), ""])
      expect(tokens?.find(other)).toBeUndefined();
  });

  it("are replaced all at once; one of another role or name is another one", () => {
    const tokens = readConfig({ ROLLCALL_API_TOKENS: `operator b ${secret}` }).ROLLCALL_API_TOKENS;
    const before = tokens?.find(secret);
    for (const [line, isKnown] of [
      [`operator b sha256:${hashed}`, true],
      [`reader b ${secret}`, false],
      [`operator c ${secret}`, false],
      [`operator b ${secret}0`, false],
    ] as const) {
      const next = readConfig({ ROLLCALL_API_TOKENS: line }).ROLLCALL_API_TOKENS;
      if (next) tokens?.replaceBy(next);
      expect([line, before && tokens?.has(before)]).toEqual([line, isKnown]);
    }
    expect(tokens?.find(secret)).toBeUndefined();
  });

  it("are not kept: the configuration holds their hashes", () => {
    const config = readConfig({ ROLLCALL_API_TOKENS: `operator b ${secret}` });
    expect(inspect(config, { depth: null }) + JSON.stringify(config)).not.toContain(secret);
  });
});
