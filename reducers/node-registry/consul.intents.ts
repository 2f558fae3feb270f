import type { NodeState } from "../../contracts/node-registry/messages/state.ts";
import { ALIVE, statusOf } from "../../contracts/node-registry/messages/status.ts";
import { type Check, ConsulDeregister, ConsulRegister } from "../../effects/service-catalog/messages.ts";
import { derivedId } from "../../runtime/core/ids.ts";
import { type NewIntent, noIntent } from "../../runtime/core/intent.ts";
import type { ReducerContext } from "../../runtime/core/reducer.ts";

type Context = ReducerContext<unknown, NodeState>;

// Nodes choose their roles: none may pass for a service of something else, such as `vault`, and Rollcall's token needs
// no right beyond this prefix.
const PREFIX = "node-";
/** Of a label in DNS. */
const NAME_LENGTH_MAX = 63;
const MARK_LENGTH = 8;
/** Consul's limit for a value of Meta. */
const META_BYTES_MAX = 512;

/** To Consul ids that differ only in case are one. A node's id has no `~`. */
const serviceId = (nodeId: string): string =>
  PREFIX + nodeId + (/[A-Z]/.test(nodeId) ? `~${derivedId("node", nodeId)}` : "");

/**
 * The role in lower case with `-` for all that DNS does not take. Where that leaves nothing, or too much, a mark of the
 * role keeps it apart from others; the role itself is in the service's Meta.
 */
export function serviceName(role: string): string {
  const dashed = role.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  const name = dashed.replace(/^-|-$/g, "");
  const isWhole = name !== "" && PREFIX.length + name.length <= NAME_LENGTH_MAX && !/[^\0-\x7f]/.test(role);
  if (isWhole) return PREFIX + name;
  const left = name.slice(0, NAME_LENGTH_MAX - PREFIX.length - MARK_LENGTH - 1).replace(/-$/, "");
  return [PREFIX.slice(0, -1), left, derivedId("role", role).slice(0, MARK_LENGTH)].filter(Boolean).join("-");
}

/**
 * A node is a service while it is online. One that is out of service stays there with a critical check that says why,
 * as Consul itself does it with what is in maintenance: whoever asks for healthy services does not find it, and people
 * do, with the reason.
 */
export function showInConsul(data: NodeState, { entity }: Pick<Context, "entity">): NewIntent | null {
  const { node } = data;
  if (!node || entity.state !== ALIVE) return noIntent;
  const { hostname, ip, role, labels } = node;
  const { id } = entity;
  return ConsulRegister.of({
    service_id: serviceId(id),
    service_name: serviceName(role),
    tags: [...new Set(labels)],
    address: ip !== null && isCallable(ip) ? ip : null,
    port: null,
    meta: { node_id: id, hostname: withinBytes(hostname, META_BYTES_MAX), role, status: statusOf(ALIVE, data) },
    check: checkOf(data),
  });
}

/** It runs before the update: a node that is silent already has left. */
export const leaveConsul = ({ silent_because }: NodeState, { entity }: Pick<Context, "entity">): NewIntent | null =>
  silent_because === null ? ConsulDeregister.of({ service_id: serviceId(entity.id) }) : noIntent;

function checkOf({ taken_out, said }: NodeState): Check {
  if (taken_out) {
    const { mode, by, reason } = taken_out;
    return { status: "critical", note: `${mode}: ${reason ?? "no reason given"}, by ${by}` };
  }
  return said ? { status: "critical", note: `${said.mode}: it says so` } : { status: "passing", note: "online" };
}

/** An address that means the caller's own machine, or one that it finds there: the catalog refuses the first. */
const isCallable = (ip: string): boolean =>
  !/^(?:0\.0\.0\.0$|[0:]+$|(?:::ffff:)?169\.254\.|::ffff:a9fe:|fe[89ab])/i.test(ip);

/** Whole characters, as many as fit. */
function withinBytes(text: string, bytesMax: number): string {
  let bytes = 0;
  let fitting = "";
  for (const character of text) {
    bytes += bytesOf(character.codePointAt(0) ?? 0);
    if (bytes > bytesMax) return fitting;
    fitting += character;
  }
  return text;
}

/** Of a code point in UTF-8. */
const bytesOf = (code: number): number => (code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x1_0000 ? 3 : 4);
