import { runCli } from "../cli.ts";

await runCli({
  registration: new URL("./simulated-nodes.ts", import.meta.url),
  orders: new URL("../simulated-orders.ts", import.meta.url),
  pages: new URL("../lifecycles/simulated-pages.ts", import.meta.url),
  runs: new URL("../lifecycles/simulated-runs.ts", import.meta.url),
});
