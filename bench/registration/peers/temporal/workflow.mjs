import { condition, defineUpdate, proxyLocalActivities, setHandler, sleep } from "@temporalio/workflow";

const { activate, consul, expire, upsert } = proxyLocalActivities({ startToCloseTimeout: "30s" });

/** A workflow a node. Its updates answer when the node is accepted, and when it is active. */
export async function register(node, livenessMs) {
  let state = "pending";
  let acknowledged = false;
  setHandler(defineUpdate("accepted"), async () => {
    await condition(() => state !== "pending");
  });
  setHandler(defineUpdate("acked"), async () => {
    acknowledged = true;
    await condition(() => state === "active");
  });
  await Promise.all([consul(node), upsert(node)]);
  state = "accepted";
  if (!(await condition(() => acknowledged, "60s"))) return;
  await activate(node.node_id);
  state = "active";
  await sleep(livenessMs);
  await expire(node.node_id);
}
