import { z } from "zod";
import { OutOfService, Why } from "../../../contracts/node-registry/messages/fields.ts";
import type { NodeState } from "../../../contracts/node-registry/messages/state.ts";
import {
  ALIVE,
  lastHeartbeatOf,
  leaseOf,
  silenceOf,
  statusOf,
} from "../../../contracts/node-registry/messages/status.ts";
import type { ProfileState } from "../../../contracts/node-profile/messages/profile.ts";
import type { Sql } from "../../../runtime/ports/store.ts";
import {
  answer,
  call,
  type GatewayCode,
  type ReadAccess,
  request,
  rowView,
  shape,
  type ShownEntity,
  viewsOf,
} from "../../../runtime/core/gateway-code.ts";
import type { Caller } from "../../../runtime/core/door.ts";
import type { Row } from "../../../runtime/core/projection.ts";
import { toRfc3339 } from "../../../runtime/core/time.ts";
import { HeartbeatBody, HealthBody, InfoBody, listOf, MetricsBody, NodeBody, ProfileBody } from "./bodies.ts";
import { metricsText, roleCounts } from "./metrics-text.ts";
import type { ListedNode } from "./rows.ts";

type Node = ShownEntity<NodeState>;

function nodeBody(entity: Node) {
  const { id, state, stateSince, data } = entity;
  const { node, created_at, updated_at, taken_out, said, revoked } = data;
  if (node === null) return null;
  const { hostname, ip, role, labels, metadata } = node;
  return {
    ...{ node_id: id, hostname, ip, role, labels: [...labels], status: statusOf(state, data) },
    last_heartbeat: lastHeartbeatOf(entity),
    ...{ metadata, created_at, updated_at, lease: leaseOf(entity, stateSince) },
    ...{ silent: silenceOf(data, stateSince), taken_out, says: said, revoked },
  };
}

const by = ({ id }: Caller): string => id || "anonymous";
const Reason = z.strictObject({ reason: Why.nullish() });

/**
 * A node as `nodeBody` shows it, from its row. Written field by field: it is made 100,000 times for one list, and what
 * is built of spreads takes ten times as long.
 */
function listedBody(row: Row) {
  const listed = row as unknown as ListedNode;
  const { renewed_at, expires_at, beaten_before: last_heartbeat_at, details } = listed;
  const renewedAt = renewed_at === null ? null : Date.parse(renewed_at);
  const deadlines = expires_at === null ? {} : { lease: { at: Date.parse(expires_at), renewedAt } };
  return {
    node_id: listed.node_id,
    hostname: listed.hostname,
    ip: listed.ip,
    role: listed.role,
    labels: listed.labels,
    status: listed.status,
    last_heartbeat: lastHeartbeatOf({ deadlines, data: { last_heartbeat_at } }),
    metadata: listed.metadata,
    created_at: listed.created_at,
    updated_at: listed.updated_at,
    lease: leaseOf({ deadlines }, Date.parse(listed.state_since)),
    silent: details.silent,
    taken_out: details.taken_out,
    says: details.says,
    revoked: details.revoked,
  };
}

const Envelope = z.strictObject({ envelope: z.enum(["true", "false"]).optional() });

const SERVICE = "node-registry";

/** The store of the registry; an embedded one has no address. */
async function databaseOf({ backends }: ReadAccess) {
  const { sql } = backends as { readonly sql: Sql };
  try {
    const [row] = await sql.query("SELECT host(inet_server_addr()) AS host, inet_server_port() AS port", []);
    return { connected: true, host: String(row?.["host"] ?? "embedded"), port: Number(row?.["port"] ?? 0) };
  } catch {
    return { connected: false, host: "unknown", port: 0 };
  }
}

async function figures(access: ReadAccess) {
  const counts = await access.counts();
  const total = [...counts.values()].reduce((sum, each) => sum + each, 0);
  return { total_nodes: total, active_nodes: counts.get(ALIVE) ?? 0 };
}

const node = viewsOf<NodeState>();

export const nodeGateway = {
  views: {
    node: node(NodeBody, (entity) => nodeBody(entity)),
    heartbeat: node(HeartbeatBody, (entity) => ({
      node_id: entity.id,
      status: statusOf(entity.state, entity.data),
      last_heartbeat: lastHeartbeatOf(entity),
      lease: leaseOf(entity, entity.stateSince),
    })),
  },
  requests: {
    take_node_out: request(
      { body: Reason.extend({ mode: OutOfService }), query: z.strictObject({}) },
      ({ body, params, caller }) => ({ ...body, node_id: params["node_id"], by: by(caller) }),
    ),
    decide: request({ body: Reason, query: z.strictObject({}) }, ({ body, params, caller }) => ({
      ...{ ...body, node_id: params["node_id"], by: by(caller) },
    })),
  },
  rowViews: { node: rowView(NodeBody, listedBody) },
  shapes: {
    nodes: shape(
      { query: Envelope, answers: listOf },
      ({ rows, total, page: { size, offset }, query: { envelope } }) => {
        const isPart = size !== undefined || offset > 0;
        return envelope === "true" || (envelope !== "false" && isPart) ? { nodes: rows, total } : rows;
      },
    ),
  },
  calls: {
    registry_health: call({ answers: HealthBody }, async (access) => {
      const database = await databaseOf(access);
      const isHealthy = database.connected && access.process.isReady;
      const { version, uptimeSeconds } = access.process;
      const status = isHealthy ? "healthy" : "unhealthy";
      const body = { status, service: SERVICE, version, database, uptime_seconds: uptimeSeconds };
      return answer(body, { status: isHealthy ? 200 : 503 });
    }),
    registry_metrics: call({ answers: MetricsBody }, async (access) => {
      const { total_nodes, active_nodes } = await figures(access);
      const uptime_seconds = access.process.uptimeSeconds;
      return { service: SERVICE, uptime_seconds, total_nodes, active_nodes, timestamp: toRfc3339(access.now) };
    }),
    registry_metrics_text: call({ answers: z.string() }, async (access) => {
      const { sql } = access.backends as { readonly sql: Sql };
      return metricsText(await access.counts(), await roleCounts(sql));
    }),
    registry_info: call({ answers: InfoBody }, (access) => ({
      service: SERVICE,
      version: access.process.version,
      status: access.process.isReady ? "running" : "starting",
      endpoints: ["/health", "/metrics", "/openapi.json", "/api/v1/nodes", "/api/v1/profiles/{role}", "/api/v1/watch"],
    })),
  },
} satisfies GatewayCode;

export const profileGateway = {
  views: {
    profile: viewsOf<ProfileState>()(ProfileBody, ({ id, data: { config, changed_by, created_at, updated_at } }) => ({
      ...{ role: id, config, changed_by, created_at, updated_at },
    })),
  },
  requests: {
    set_profile: request(
      { body: z.strictObject({ config: z.record(z.string(), z.json()) }), query: z.strictObject({}) },
      ({ body, params, caller }) => ({ role: params["role"], config: body.config, by: by(caller) }),
    ),
  },
} satisfies GatewayCode;
