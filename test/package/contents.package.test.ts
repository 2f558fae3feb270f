import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { ROOT } from "../tidy/sources.ts";
import { pack, type Packed } from "./packages.ts";

const CLIENT_BYTES_MAX = 300_000;

/** How a bundler cuts its output changes with the code: one line stands for all of a kind. */
const CUT = /^(dist\/(?:shared|dashboard\/assets)\/).*?(?=\.(?:js|css|svg|woff2)\b)/;
const listed = (name: string, { files }: Packed): readonly string[] =>
  files.map(({ path }) => `${name}: ${path.replace(CUT, "$1*")}`);

/** As the committed files have them, which `npx vitest run --project package -u` writes. */
const linesOf = (lines: Iterable<string>): string =>
  [...new Set(lines)]
    .toSorted()
    .map((line) => `${line}\n`)
    .join("");

describe("npm pack", () => {
  let packed: Awaited<ReturnType<typeof pack>>;
  beforeAll(async () => (packed = await pack("--dry-run")));

  it("packs what contents.txt lists", async () => {
    const found = [...listed("rollcall", packed.rollcall), ...listed("rollcall-client", packed.client)];
    await expect(linesOf(found)).toMatchFileSnapshot("contents.txt");
  });

  it("packs no source, and no test but that of a new module", () => {
    const all = [packed.rollcall, packed.client].flatMap(({ files }) => files.map(({ path }) => path));
    const paths = all.filter((path) => !/^dist\/app\/template(-minimal)?\/module\.test\.js$/.test(path));
    expect(paths.filter((path) => /(?<!\.d)\.tsx?$|\btest\b|\.mjs$/.test(path))).toEqual([]);
  });

  it("makes a client that is small", () => expect(packed.client.unpackedSize).toBeLessThan(CLIENT_BYTES_MAX));

  it("packs two packages of one version", () => {
    const versionOf = (path: string): unknown => JSON.parse(readFileSync(`${ROOT}${path}`, "utf8")).version;
    expect(versionOf("client/package.json")).toBe(versionOf("package.json"));
  });
});

interface Tree {
  readonly version?: string;
  readonly resolved?: string;
  readonly dependencies?: Readonly<Record<string, Tree>>;
}

function* packagesIn({ dependencies = {} }: Tree): Generator<string> {
  for (const [name, tree] of Object.entries(dependencies)) {
    // What npm links is ours.
    if (tree.version !== undefined && !tree.resolved?.startsWith("file:")) yield `${name}@${tree.version}`;
    yield* packagesIn(tree);
  }
}

it("what is installed along is what dependencies.txt lists", async () => {
  const args = ["ls", "--omit=dev", "--all", "--json"];
  const { stdout } = await promisify(execFile)("npm", args, { cwd: ROOT, maxBuffer: 1 << 26 });
  await expect(linesOf(packagesIn(JSON.parse(stdout) as Tree))).toMatchFileSnapshot("dependencies.txt");
});
