import { fileURLToPath } from "node:url";
import { Client, Connection, WithStartWorkflowOperation } from "@temporalio/client";
import { startServer, startWorker, untilDone } from "../child.mjs";
import { serve } from "../front-door.mjs";
import { given } from "../registration.mjs";

/** Temporal: its development server on a SQLite file, a worker with local activities, and its client's updates. */

const program = fileURLToPath(new URL("../.installed/temporal/temporal", import.meta.url));
const { server: port, ingress: http, admin: metrics } = given.ports;
const flags = {
  ip: "127.0.0.1",
  port,
  "http-port": http,
  "metrics-port": metrics,
  "log-level": "never",
  "db-filename": `${given.folder}/temporal.db`,
};
const pragmas = ["journal_mode=WAL", "synchronous=FULL"].flatMap((pragma) => ["--sqlite-pragma", pragma]);
const more = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
const server = startServer(program, ["server", "start-dev", "--headless", ...more, ...pragmas]);
const connection = await untilDone(() => Connection.connect({ address: `127.0.0.1:${port}` }));
const worker = await startWorker(new URL("worker.mjs", import.meta.url));
const { workflow } = new Client({ connection });

serve({
  pids: [server.pid, worker.pid],
  async introspect(node) {
    const startWorkflowOperation = new WithStartWorkflowOperation("register", {
      taskQueue: "register",
      workflowId: node.node_id,
      args: [node, given.livenessMs],
      workflowIdConflictPolicy: "FAIL",
    });
    await workflow.executeUpdateWithStart("accepted", { startWorkflowOperation });
  },
  acknowledge: (nodeId) => workflow.getHandle(nodeId).executeUpdate("acked"),
});
