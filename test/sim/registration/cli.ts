import { runCli } from "../cli.ts";

await runCli(new URL("./simulated-nodes.ts", import.meta.url));
