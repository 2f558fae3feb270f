import { fileURLToPath } from "node:url";
import { DefaultLogger, NativeConnection, Runtime, Worker } from "@temporalio/worker";
import "../child.mjs";
import { activateRow, expireRow, given, registerInConsul, upsertRow } from "../registration.mjs";

Runtime.install({
  logger: new DefaultLogger("ERROR"),
  telemetryOptions: { logging: { forward: {}, filter: "error" } },
});
const worker = await Worker.create({
  connection: await NativeConnection.connect({ address: `127.0.0.1:${given.ports.server}` }),
  taskQueue: "register",
  workflowsPath: fileURLToPath(new URL("workflow.mjs", import.meta.url)),
  activities: { consul: registerInConsul, upsert: upsertRow, activate: activateRow, expire: expireRow },
  maxConcurrentWorkflowTaskExecutions: 64,
  maxCachedWorkflows: 5_000,
});
void worker.run();
process.send("ready");
