import { createHash, timingSafeEqual } from "node:crypto";

/** reader: may view everything. node: may act for its own nodes only. operator: may do everything. */
export type Role = "reader" | "node" | "operator";

/** An API token, by its SHA-256: the token itself is not kept. */
export interface ApiToken {
  readonly role: Role;
  /** With the role node: the id of its node, or a prefix of several ids and `*`. */
  readonly name: string;
  readonly sha256: Buffer;
}

const TOKENS_MAX = 10_000;
const ROLES: ReadonlySet<string> = new Set<Role>(["reader", "node", "operator"]);
const NAME = /^[A-Za-z0-9._:-]{1,255}$/;
const NODE_NAME = /^([A-Za-z0-9._:-]{1,255}|[A-Za-z0-9._:-]{0,254}\*)$/;
const HASH = /^sha256:([0-9a-f]{64})$/i;
/** The characters that RFC 6750 allows in a header, and long enough that nobody can guess it. */
const TOKEN = /^[A-Za-z0-9._~+/-]{24,512}=*$/;

const sha256 = (text: string): Buffer => createHash("sha256").update(text).digest();

/**
 * Reads `role name token` lines; a comma ends a line too, `#` begins a comment. The token is plain, or `sha256:` and
 * its hash in hex.
 * @param onProblem called for each invalid line with its number, but no part of its text: that may be a token
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
    if (tokens.has(digest.toString("hex"))) return onProblem(`${at}: this token is a duplicate of an earlier line`);
    tokens.set(digest.toString("hex"), { role: role as Role, name, sha256: digest });
  });
  if (tokens.size > TOKENS_MAX) onProblem(`at most ${TOKENS_MAX} tokens`);
  if (tokens.size === 0) onProblem("it has no tokens");
  return [...tokens.values()];
}

/** The tokens that are valid at present. */
export class ApiTokens {
  #tokens: readonly ApiToken[];

  constructor(tokens: readonly ApiToken[]) {
    this.#tokens = tokens;
  }

  /** From now on these are, and no others. */
  replaceBy(other: ApiTokens): void {
    this.#tokens = other.#tokens;
  }

  /** Takes the same time for every token, so that none can be guessed by timing. */
  find(presented: string): ApiToken | undefined {
    const digest = sha256(presented);
    let found: ApiToken | undefined;
    for (const token of this.#tokens) if (timingSafeEqual(token.sha256, digest)) found = token;
    return found;
  }

  /** Whether it is still valid, for the same role and name. */
  has({ role, name, sha256: digest }: ApiToken): boolean {
    return this.#tokens.some((each) => each.role === role && each.name === name && each.sha256.equals(digest));
  }
}
