import { filesIn } from "./sources.ts";
import { codeLines } from "./code-lines.ts";

const ROOMS = ["runtime", "app", "contracts", "nodes", "reducers", "effects", "client", "dashboard", "bench", "test"];
const USAGE = `Usage: npm run -s lines [-- --json]

Counts the code lines of each room, and of each folder in it: neither blank lines nor those with a comment alone.`;

interface Room {
  readonly room: string;
  readonly files: number;
  readonly lines: number;
  readonly folders: Readonly<Record<string, number>>;
}

function counted(room: string): Room {
  const files = [".ts", ".tsx", ".mjs"].flatMap((ending) => filesIn(room, ending)).filter(isOurs);
  const folders: Record<string, number> = {};
  for (const { path, text } of files) {
    const folder = path.split("/").slice(0, 2).join("/");
    const name = folder === path ? room : folder;
    folders[name] = (folders[name] ?? 0) + codeLines(text);
  }
  return { room, files: files.length, lines: Object.values(folders).reduce((sum, lines) => sum + lines, 0), folders };
}

const isOurs = ({ path }: { readonly path: string }): boolean => !/(^|\/)(dist|\.bundle)\//.test(path);

function table(rooms: readonly Room[]): string {
  const rows = rooms.flatMap(({ room, files, lines, folders }) => [
    `${room.padEnd(36)}${String(lines).padStart(7)}  in ${files} files`,
    ...Object.entries(folders).map(([folder, own]) => `  ${folder.padEnd(34)}${String(own).padStart(7)}`),
  ]);
  const engine = rooms.filter(({ room }) => room === "runtime" || room === "app");
  const sum = engine.reduce((total, { lines }) => total + lines, 0);
  return [...rows, `${"runtime + app".padEnd(36)}${String(sum).padStart(7)}`].join("\n");
}

const [option, ...more] = process.argv.slice(2);
if (more.length > 0 || (option !== undefined && option !== "--json")) {
  console.log(USAGE);
  process.exitCode = option === "--help" || option === "-h" ? 0 : 2;
} else {
  const rooms = ROOMS.map(counted);
  console.log(option === "--json" ? JSON.stringify(rooms) : table(rooms));
}
