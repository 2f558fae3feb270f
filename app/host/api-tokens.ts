import { createHash, timingSafeEqual } from "node:crypto";

/** reader: looks at everything. node: speaks for its nodes alone. operator: everything. */
export type Role = "reader" | "node" | "operator";

/** Who may use the HTTP API, by the SHA-256 of a token: the token itself is kept nowhere. */
export interface ApiToken {
  readonly role: Role;
  /** Of a node's token the node id that it speaks for, or the beginning of several with `*` behind it. */
  readonly name: string;
  readonly sha256: Buffer;
}

const TOKENS_MAX = 10_000;
const ROLES: ReadonlySet<string> = new Set<Role>(["reader", "node", "operator"]);
const NAME = /^[A-Za-z0-9._:-]{1,255}$/;
const NODE_NAME = /^([A-Za-z0-9._:-]{1,255}|[A-Za-z0-9._:-]{0,254}\*)$/;
const HASH = /^sha256:([0-9a-f]{64})$/i;
/** What a header carries (RFC 6750), and nobody guesses. */
const TOKEN = /^[A-Za-z0-9._~+/-]{24,512}=*$/;

const sha256 = (text: string): Buffer => createHash("sha256").update(text).digest();

/**
 * Reads `role name token` lines; a comma ends a line too, `#` begins a comment. The token is itself or `sha256:` and
 * its hash in hex.
 * @param onProblem hears of each line that is wrong, by its number: no part of it is repeated, because it may be a
 * token
 */
export function readApiTokens(text: string, onProblem: (what: string) => void): readonly ApiToken[] {
  const tokens = new Map<string, ApiToken>();
  const lines = text.split(/[\n,]/).map((line) => line.replace(/#.*/, "").trim());
  lines.forEach((line, index) => {
    if (line === "") return;
    const at = `line ${index + 1}`;
    const [role = "", name = "", token = "", ...more] = line.split(/\s+/);
    if (token === "" || more.length > 0)
      return onProblem(`${at}: needs a role, a name and a token, with spaces between`);
    if (!ROLES.has(role)) return onProblem(`${at}: the role is reader, node or operator`);
    if (role === "node" && !NODE_NAME.test(name)) return onProblem(`${at}: a node's name is its id, or a prefix and *`);
    if (role !== "node" && !NAME.test(name)) return onProblem(`${at}: a name has 1 to 255 of A-Z a-z 0-9 . _ : -`);
    const hash = HASH.exec(token)?.[1];
    if (hash === undefined && !TOKEN.test(token))
      return onProblem(
        `${at}: a token has 24 to 512 of A-Z a-z 0-9 . _ ~ + / - (openssl rand -hex 32), or is sha256:<hex>`,
      );
    const digest = hash === undefined ? sha256(token) : Buffer.from(hash, "hex");
    if (tokens.has(digest.toString("hex"))) return onProblem(`${at}: this token stands above already`);
    tokens.set(digest.toString("hex"), { role: role as Role, name, sha256: digest });
  });
  if (tokens.size > TOKENS_MAX) onProblem(`at most ${TOKENS_MAX} tokens`);
  if (tokens.size === 0) onProblem("no token in it");
  return [...tokens.values()];
}

/** Takes as long for a token that is almost right as for one that is all wrong. */
export function findToken(tokens: readonly ApiToken[], presented: string): ApiToken | undefined {
  const digest = sha256(presented);
  let found: ApiToken | undefined;
  for (const token of tokens) if (timingSafeEqual(token.sha256, digest)) found = token;
  return found;
}
