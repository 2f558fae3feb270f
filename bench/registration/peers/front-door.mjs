/** Registrations that a peer has under way at once. */
const UNDER_WAY_MAX = 128;

/**
 * A peer's process, child of the bench: carries the nodes' introspections and ACKs to the peer's front door, and tells
 * the bench what came of them. `pids` are the processes whose CPU is the peer's. `introspect` resolves when its node is
 * accepted, `acknowledge` when it is active.
 */
export function serve({ pids, introspect, acknowledge }) {
  const waiting = [];
  let lanes = 0;
  const lane = async () => {
    lanes++;
    for (let node = waiting.shift(); node; node = waiting.shift()) {
      await introspect(node);
      process.send({ accepted: node.node_id });
      await acknowledge(node.node_id);
      process.send({ active: node.node_id });
    }
    lanes--;
  };
  process.on("message", (nodes) => {
    waiting.push(...nodes);
    for (let more = nodes.length; more > 0 && lanes < UNDER_WAY_MAX; more--) void lane();
  });
  process.send({ ready: pids });
}
