import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";
import ts from "typescript";
import { filesIn, importsOf, type Source, visit } from "./sources.ts";

interface Room {
  /** The path begins so. The first room that fits is a file's. */
  readonly room: string;
  /** Paths of the project that it may import from, beside its own. */
  readonly may: readonly string[];
  /** Packages, and Node's own modules. */
  readonly libraries: readonly string[];
  /** Part of the file's path that stands for its domain: `{domain}` in `may` is filled with it. */
  readonly domainAt?: number;
}

/**
 * Who may import whom. What is not listed here may not be imported; only `app`, `bench` and `test` import everything.
 */
const ROOMS: readonly Room[] = [
  { room: "runtime/core/", may: [], libraries: ["node:crypto", "re2js", "xstate", "zod"] },
  {
    room: "runtime/contract/",
    may: ["runtime/core/"],
    libraries: ["node:crypto", "node:fs", "node:path", "picocolors", "yaml", "zod"],
  },
  { room: "runtime/replay/", may: ["runtime/core/"], libraries: [] },
  { room: "runtime/gateway/", may: ["runtime/core/"], libraries: [] },
  { room: "runtime/ports/", may: [], libraries: [] },
  { room: "runtime/stored/", may: ["runtime/core/", "runtime/ports/"], libraries: ["node:buffer"] },
  {
    room: "runtime/shell/",
    may: ["runtime/core/", "runtime/contract/", "runtime/ports/", "runtime/stored/"],
    libraries: ["lru-cache", "node:crypto", "uuid"],
  },
  // A port's faults are the core's.
  {
    room: "runtime/adapters/kafka",
    may: ["runtime/ports/", "runtime/core/fault.ts", "runtime/adapters/"],
    libraries: ["kafkajs", "node:"],
  },
  {
    room: "runtime/adapters/",
    may: ["runtime/ports/", "runtime/core/fault.ts"],
    libraries: ["@electric-sql/pglite", "node:", "pg", "postgres-array"],
  },
  { room: "contracts/", domainAt: 1, may: ["runtime/core/"], libraries: ["zod"] },
  { room: "nodes/", domainAt: 1, may: ["contracts/{domain}/messages/", "runtime/core/"], libraries: [] },
  // The shapes of a backend's intents belong to the backend.
  {
    room: "reducers/",
    domainAt: 1,
    may: [
      ...["contracts/{domain}/messages/", "effects/process/messages.ts", "effects/service-catalog/messages.ts"],
      "runtime/core/",
    ],
    libraries: [],
  },
  // Registration's own table, written through the store's `Sql`.
  {
    room: "effects/postgres/",
    may: ["contracts/", "runtime/core/", "runtime/ports/store.ts", "effects/*.ts"],
    libraries: [],
  },
  // The consul.* intents and effects, over the interface that Consul and the table that stands in for it both have.
  { room: "effects/service-catalog/", may: ["runtime/core/", "effects/*.ts"], libraries: ["zod"] },
  {
    room: "effects/table-catalog/",
    may: ["runtime/core/", "runtime/ports/store.ts", "effects/*.ts", "effects/service-catalog/"],
    libraries: [],
  },
  // It runs programs: what it is given of the world is theirs.
  { room: "effects/process/", may: ["runtime/core/"], libraries: ["node:", "zod"] },
  {
    room: "effects/consul/",
    may: ["runtime/core/", "effects/*.ts", "effects/service-catalog/"],
    libraries: ["node:crypto", "node:http", "node:https", "zod"],
  },
  { room: "effects/backends.ts", may: ["runtime/ports/", "effects/"], libraries: ["zod"] },
  // What the package exports of backends.
  { room: "effects/index.ts", may: ["runtime/core/drift.ts", "runtime/ports/", "effects/"], libraries: [] },
  { room: "effects/", may: ["runtime/core/"], libraries: [] },
  {
    room: "client/kafka",
    may: ["client/", "runtime/core/fault.ts"],
    libraries: ["kafkajs", "node:module"],
  },
  // It is a package of its own, without any other, for whatever has a fetch.
  {
    room: "client/",
    may: ["runtime/core/envelope.ts", "runtime/core/fault.ts", "runtime/core/time.ts"],
    libraries: [],
  },
];

const FREE = ["app/", "bench/", "test/"];
const files = ["runtime", "contracts", "nodes", "reducers", "effects", "client"].flatMap((folder) => filesIn(folder));

const fits = (pattern: string, path: string): boolean =>
  pattern.endsWith("*.ts")
    ? path.startsWith(pattern.slice(0, -4)) && !path.slice(pattern.length - 4).includes("/")
    : path.startsWith(pattern);

function strays(source: Source): readonly string[] {
  const { path } = source;
  const room = ROOMS.find((each) => path.startsWith(each.room));
  if (!room) return [`${path} is in no room`];
  const domain = room.domainAt === undefined ? "" : (path.split("/")[room.domainAt] ?? "");
  const own = room.domainAt === undefined ? room.room : `${room.room}${domain}/`;
  const may = [own, ...room.may.map((pattern) => pattern.replace("{domain}", domain))];
  return importsOf(source)
    .filter((imported) =>
      imported.includes("/") && !imported.startsWith("@") && !imported.startsWith("node:")
        ? !may.some((pattern) => fits(pattern, imported))
        : !room.libraries.some((library) =>
            library === "node:" ? imported.startsWith(library) : imported === library,
          ),
    )
    .map((imported) => `${path} imports ${imported}`);
}

/** Of the project's files those of which a file imports nothing but types. */
function importedTypesOf(source: Source): readonly string[] {
  const found: string[] = [];
  visit(source, (node) => {
    if (ts.isImportDeclaration(node) && node.importClause?.isTypeOnly && ts.isStringLiteral(node.moduleSpecifier))
      found.push(normalize(join(dirname(source.path), node.moduleSpecifier.text)));
  });
  return found;
}

describe("imports", () => {
  it.each(ROOMS.map(({ room }) => room))("of %s go only where they may", (room) => {
    const own = files.filter(({ path }) => ROOMS.find((each) => path.startsWith(each.room))?.room === room);
    expect(own.length, "the room is empty: its row can go").toBeGreaterThan(0);
    expect(own.flatMap(strays)).toEqual([]);
  });

  it("find every file in a room", () =>
    expect(files.filter(({ path }) => !ROOMS.some(({ room }) => path.startsWith(room)))).toEqual([]));

  it("never lead to app, but for tests and benchmarks", () => {
    const importers = files.filter(({ path }) => !FREE.some((folder) => path.startsWith(folder)));
    expect(importers.filter((file) => importsOf(file).some((path) => path.startsWith("app/")))).toEqual([]);
  });

  it("of the page lead to the page, and to types of the HTTP interface and of what modules add to it", () => {
    const page = [...filesIn("dashboard"), ...filesIn("dashboard", ".tsx")];
    const leading = page.flatMap((source) => {
      const types = new Set(importedTypesOf(source));
      return importsOf(source)
        .filter((imported) => imported.endsWith(".ts") && !imported.startsWith("dashboard/"))
        .map((imported) => `${source.path} imports ${types.has(imported) ? "types of" : "code of"} ${imported}`);
    });
    expect(leading.length, "the page has no types of its own for answers").toBeGreaterThan(0);
    expect(
      leading.filter(
        (said) =>
          !/ imports types of app\/http\/|^dashboard\/([\w-]+)\/.* imports types of app\/modules\/\1\//.test(said),
      ),
    ).toEqual([]);
  });

  it("of app never lead to tests", () =>
    expect(filesIn("app").filter((file) => importsOf(file).some((path) => /^(test|bench)\//.test(path)))).toEqual([]));
});
