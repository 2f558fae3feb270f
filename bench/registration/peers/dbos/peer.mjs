import { DBOS } from "@dbos-inc/dbos-sdk";
import "../child.mjs";
import { serve } from "../front-door.mjs";
import { activateRow, expireRow, given, registerInConsul, upsertRow } from "../registration.mjs";

/**
 * DBOS Transact: a workflow a node, started in its own process; the ACK is a durable message, the deadline a delayed
 * workflow.
 */

DBOS.setConfig({ name: "bench", systemDatabaseUrl: given.database, systemDatabasePoolSize: 20, logLevel: "error" });
const step = (name, run) => DBOS.registerStep(run, { name, retriesAllowed: true });
const consul = step("consul", registerInConsul);
const upsert = step("upsert", upsertRow);
const activate = step("activate", activateRow);
const expire = DBOS.registerWorkflow(step("expire", expireRow), { name: "expire" });

/** Callbacks in this process that wait for what a workflow has durably sent. */
const waiting = new Map();
const say = async (event, nodeId) => {
  await DBOS.setEvent(event, true);
  waiting.get(`${event} ${nodeId}`)?.();
  waiting.delete(`${event} ${nodeId}`);
};
const heard = (event, nodeId) => new Promise((resolve) => waiting.set(`${event} ${nodeId}`, resolve));

const register = DBOS.registerWorkflow(
  async (node) => {
    await Promise.all([consul(node), upsert(node)]);
    await say("accepted", node.node_id);
    if (!(await DBOS.recv("ack", 60))) return;
    await activate(node.node_id);
    const enqueueOptions = { delaySeconds: given.livenessMs / 1_000 };
    await DBOS.startWorkflow(expire, { queueName: "deadlines", enqueueOptions })(node.node_id);
    await say("active", node.node_id);
  },
  { name: "register" },
);

await DBOS.launch();
await DBOS.registerQueue("deadlines");
serve({
  pids: [process.pid],
  async introspect(node) {
    const accepted = heard("accepted", node.node_id);
    await DBOS.startWorkflow(register, { workflowID: node.node_id })(node);
    await accepted;
  },
  async acknowledge(nodeId) {
    const active = heard("active", nodeId);
    await DBOS.send(nodeId, true, "ack");
    await active;
  },
});
