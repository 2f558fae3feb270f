import { fileURLToPath } from "node:url";
import { startServer, startWorker, untilDone } from "../child.mjs";
import { serve } from "../front-door.mjs";
import { given } from "../registration.mjs";

/** Restate: its server, the process with the handlers, and calls through its HTTP ingress. */

const { server: nodePort, ingress, admin, service } = given.ports;
const at = (port) => `http://127.0.0.1:${port}`;
const post = async (url, body) => {
  const answer = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`restate ${answer.status} ${text.slice(0, 200)}`);
  return JSON.parse(text);
};
const expect = async (state, handler, nodeId, body) => {
  const reached = await post(`${at(ingress)}/node/${nodeId}/${handler}`, body);
  if (reached !== state) throw new Error(`${nodeId} is ${reached} instead of ${state}`);
};

const program = `@restatedev/restate-server-${process.platform}-${process.arch}/bin/restate-server`;
const server = startServer(fileURLToPath(import.meta.resolve(program)), ["--no-logo", "--base-dir", given.folder], {
  RESTATE_LISTEN_MODE: "tcp",
  RESTATE_BIND_ADDRESS: `127.0.0.1:${nodePort}`,
  RESTATE_INGRESS__BIND_ADDRESS: `127.0.0.1:${ingress}`,
  RESTATE_ADMIN__BIND_ADDRESS: `127.0.0.1:${admin}`,
  RESTATE_DISABLE_TELEMETRY: "true",
  RESTATE_LOG_FILTER: "error,octocrab=off",
});
const worker = await startWorker(new URL("service.mjs", import.meta.url), { RESTATE_LOGGING: "ERROR" });
await untilDone(() => post(`${at(admin)}/deployments`, { uri: at(service) }));

serve({
  pids: [server.pid, worker.pid],
  introspect: (node) => expect("accepted", "introspected", node.node_id, node),
  acknowledge: (nodeId) => expect("active", "acked", nodeId),
});
