import { z } from "zod";
import { FLOWS_MAX, NodeName, Why } from "../../../contracts/flow-node/messages/fields.ts";
import { ALIVE, type FlowNodeState, heartbeatOf, STATUSES } from "../../../contracts/flow-node/messages/state.ts";
import type { Caller } from "../../../runtime/core/door.ts";
import {
  answer,
  call,
  type GatewayCode,
  request,
  rowView,
  shape,
  type ShownEntity,
  viewsOf,
} from "../../../runtime/core/gateway-code.ts";
import type { Payload } from "../../../runtime/core/message.ts";
import type { Row } from "../../../runtime/core/projection.ts";
import { toRfc3339 } from "../../../runtime/core/time.ts";
import type { Sql } from "../../../runtime/ports/store.ts";
import {
  AdmittedBody,
  adminsOf,
  BeatBody,
  CleanedBody,
  ConnectionBody,
  LeavingBody,
  listOf,
  NodeBody,
  RevokedBody,
  StaleBody,
  StateBody,
} from "./bodies.ts";
import { metricsText } from "./metrics-text.ts";
import { sharedPaths } from "./shared-paths.ts";
import { staleNodes } from "./stale-nodes.ts";
import type { ListedNode } from "./rows.ts";

type Node = ShownEntity<FlowNodeState>;

/** When the next beat should come: after a fifth of the lease, so that several may be lost. */
const BEATS_PER_LEASE = 5;
/** So long after its end a lease is not held: it is about to be decided. */
const DECIDED_WITHIN_MS = 2_000;
const HELD =
  "its last heartbeat is older than its lease, and its expiry waits: so many fell silent at once that the fault may " +
  "be ours (the hold of flow_node CONNECTED), or the registry has just come back";

const heldAt = (expiresAtMs: number | undefined, now: number): { held: string } | null =>
  expiresAtMs !== undefined && now > expiresAtMs + DECIDED_WITHIN_MS ? { held: HELD } : null;

function nodeBody(entity: Node, now: number): NodeBody {
  const { id, state, data, deadlines } = entity;
  return {
    ...{ node: id, online: data.online, heartbeat: heartbeatOf(entity), alive: state === ALIVE },
    ...heldAt(deadlines["lease"]?.at, now),
    ...(data.told && { state: data.told.state }),
    flows: data.flows,
  };
}

/** As `nodeBody`, from its row. Written field by field: it is made very often for one list. */
function listedBody(row: Row, now: number): NodeBody {
  const { node, online, heartbeat, renewed_at, expires_at, status, told, flows } = row as unknown as ListedNode;
  return {
    node,
    online,
    heartbeat: renewed_at ?? heartbeat,
    alive: status === STATUSES[ALIVE],
    ...heldAt(expires_at === null ? undefined : Date.parse(expires_at), now),
    ...(told && { state: told }),
    flows,
  };
}

function beatBody(entity: Node) {
  const { lease } = entity.deadlines;
  const heartbeat = heartbeatOf(entity);
  const lifeMs = lease && heartbeat !== null ? lease.at - Date.parse(heartbeat) : 0;
  return {
    ...{ node: entity.id, heartbeat, alive: entity.state === ALIVE },
    lease:
      lease && heartbeat !== null
        ? {
            ttl_seconds: Math.floor(lifeMs / 1_000),
            next_heartbeat_at: toRfc3339(Date.parse(heartbeat) + Math.floor(lifeMs / BEATS_PER_LEASE)),
          }
        : null,
  };
}

const by = ({ id }: Caller): string => id || "anonymous";
const Named = z.strictObject({ node: NodeName });
const Decided = Named.extend({ reason: Why.nullish() });
const noQuery = z.strictObject({});

const view = viewsOf<FlowNodeState>();
const sqlOf = (backends: object): Sql => (backends as { readonly sql: Sql }).sql;

const countsOf = (counts: ReadonlyMap<string, number>) =>
  Object.fromEntries(Object.entries(STATUSES).map(([state, status]) => [status, counts.get(state) ?? 0])) as Record<
    (typeof STATUSES)[keyof typeof STATUSES],
    number
  >;

export const flowNodeGateway = {
  requests: {
    decide: request({ body: Decided, query: noQuery }, ({ body, caller }) => ({ ...body, by: by(caller) })),
    decide_by_body_or_query: request(
      { body: Decided.partial(), query: z.strictObject({ node: NodeName.optional() }) },
      ({ body, query, caller }) => ({ ...body, node: body.node ?? query.node, by: by(caller) }),
    ),
    connect: request(
      { body: z.strictObject({ node: NodeName, flows: z.array(z.unknown()).max(FLOWS_MAX) }), query: noQuery },
      ({ body }) => body as Payload,
    ),
    disconnect: request({ body: Named, query: noQuery }, ({ body }) => body),
  },
  views: {
    admitted: view(AdmittedBody, ({ id }) => ({ admins: { nodes: [id] } })),
    revoked: view(RevokedBody, ({ id, data: { revoked } }) => ({ node: id, revoked })),
    node: view(NodeBody, (entity, { now }) => nodeBody(entity, now)),
    beat: view(BeatBody, (entity) => beatBody(entity)),
    connection: view(
      ConnectionBody,
      ({ id, data: { flows, rejected } }, { read }) => ({
        ...{ name: id, flows: flows.map(({ path }) => path), rejected },
        warnings: (read as string[] | undefined) ?? ["whether other nodes offer the same paths could not be looked up"],
      }),
      ({ backends }, { id, data: { flows } }) =>
        sharedPaths(
          sqlOf(backends),
          id,
          flows.map(({ path }) => path),
        ),
    ),
  },
  rowViews: {
    admitted_name: rowView(z.string(), ({ node }) => node as string),
    node: rowView(NodeBody, (row, { now }) => listedBody(row, now)),
  },
  shapes: {
    admins: shape({ answers: adminsOf }, ({ rows }) => ({ admins: { nodes: rows } })),
    nodes: shape({ answers: listOf }, ({ rows }) => ({ nodes: rows })),
  },
  calls: {
    registry_state: call({ answers: StateBody }, async (access) => {
      const { version, uptimeSeconds, isReady } = access.process;
      const counts = await access.counts().catch(() => undefined);
      const isHealthy = isReady && counts !== undefined;
      const body = {
        ...{ status: isHealthy ? "healthy" : "unhealthy", service: "flow-registry", version },
        ...{ uptime_seconds: uptimeSeconds, store: counts ? "reachable" : "unreachable" },
        nodes: counts ? countsOf(counts) : null,
      };
      return answer(body, { status: isHealthy ? 200 : 503 });
    }),
    registry_metrics: call({ answers: z.string() }, async (access) =>
      metricsText(sqlOf(access.backends), countsOf(await access.counts())),
    ),
    list_stale: call({ answers: StaleBody }, async ({ backends, config, now }) => ({
      stale: await staleNodes(sqlOf(backends), config, now),
    })),
    clean: call({ answers: CleanedBody }, async ({ backends, config, now, host }) => {
      const stale = await staleNodes(sqlOf(backends), config, now);
      const removed = await host?.purge(
        stale.map(({ node }) => node),
        "POST /clean: stale",
      );
      return { removed: removed ?? [] };
    }),
    shut_down: call({ answers: LeavingBody }, ({ host }) => {
      host?.leave();
      return answer({ leaving: true }, { status: 202 });
    }),
  },
} satisfies GatewayCode;
