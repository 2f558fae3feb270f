import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import { freePorts } from "../real/services/free-ports.ts";
import { waitUntil } from "../real/services/wait-until.ts";
import { blocksOf } from "../tidy/guide-blocks.ts";
import type { Installed } from "./installed.ts";

export interface Followed {
  /** The folder in which the page's last command ran. */
  readonly folder: string;
  readonly server: ChildProcess;
}

const EXAMPLE_URL = "http://127.0.0.1:8080";
/** Of the gateway of the module that is written, at the port of its contract. */
const GATEWAY_URL = "http://127.0.0.1:8081";
const GATEWAY = "parcels";

/**
 * Runs the commands of a page, in order, as its reader would in an empty folder: blocks in `sh`. What a block in `text`
 * behind them has must be in their output, line by line. Blocks in `js` become tests when the `npm test` before them
 * runs.
 */
export async function followPage(installed: Installed, page: string): Promise<Followed> {
  let url = EXAMPLE_URL;
  let gatewayUrl = GATEWAY_URL;
  let folder = join(installed.folder, "data");
  let server: ChildProcess | undefined;

  const shell = async (command: string): Promise<string> => {
    const placed = command.replaceAll(EXAMPLE_URL, url).replaceAll(GATEWAY_URL, gatewayUrl);
    const told = `export ROLLCALL_URL=${url}; ${placed}`;
    const { code, stdout, stderr } = await installed.runIn(folder, "bash", "-c", told);
    if (code !== 0) throw new Error(`${command}: exit ${code}\n${stdout}${stderr}`);
    return stdout;
  };
  const follow = async (command: string): Promise<string> => {
    // The package is installed already, for all of them: no registry has it.
    if (command === "npm install rollcall") return "";
    if (command === "npm install") await installed.installIn(folder);
    else if (command.startsWith("cd ")) folder = join(folder, command.slice(3));
    else if (command === "npm start") {
      // Late, so that nobody else takes the port meanwhile.
      const { http, gateway } = await freePorts(["http", "gateway"]);
      url = `http://127.0.0.1:${http}`;
      gatewayUrl = `http://127.0.0.1:${gateway}`;
      server = await installed.serve(http, folder, { ROLLCALL_LISTENERS: `${GATEWAY}=${gateway}` });
    } else return shell(command);
    return "";
  };

  const blocks = blocksOf(page);
  const isTest = ({ language, text }: (typeof blocks)[number]): boolean =>
    language === "sh" && /^npm test$/m.test(text);
  for (const [index, { language, text }] of blocks.entries()) {
    if (language !== "sh") continue;
    const commands = text.replaceAll("\\\n", "").trimEnd().split("\n");
    const expected =
      blocks[index + 1]?.language === "text" ? (blocks[index + 1]?.text.trimEnd().split("\n") ?? []) : [];
    const last = commands.pop() ?? "";
    for (const command of commands) await follow(command);
    if (last === "npm test")
      for (const [number, script] of blocks.entries()) {
        const next = blocks.findIndex((block, at) => at > index && isTest(block));
        const isOwn = number > index && (next < 0 || number < next);
        if (isOwn && script.language === "js") installed.write(join(folder, `page-${number}.test.js`), script.text);
      }
    const checked = async (): Promise<void> => {
      const output = await follow(last);
      const missing = expected.filter((line) => !output.includes(line));
      if (missing.length > 0) throw new Error(`no ${missing.join(", ")} in ${output}`);
    };
    // What a command tells of may be under way.
    await (expected.length > 0 ? waitUntil(checked, { what: last, timeoutMs: 20_000 }) : checked());
  }
  if (!server) throw new Error(`${page} starts nothing`);
  return { folder, server };
}
