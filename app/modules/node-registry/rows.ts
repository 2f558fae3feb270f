import { z } from "zod";
import type { ProfileState } from "../../../contracts/node-profile/messages/profile.ts";
import type { NodeState } from "../../../contracts/node-registry/messages/state.ts";
import { silenceOf, statusOf } from "../../../contracts/node-registry/messages/status.ts";
import { derivedId } from "../../../runtime/core/ids.ts";
import { directoryRow } from "../../../runtime/core/directory.ts";
import { type LoggedMessage, logRow, row, type RowEntity } from "../../../runtime/core/projection.ts";
import { toRfc3339 } from "../../../runtime/core/time.ts";
import type { NodeBody } from "./bodies.ts";

const Json = z.record(z.string(), z.json());
const time = z.iso.datetime().nullable();

const Decision = z.record(z.string(), z.json()).nullable();

/** The columns of the registry's table in SQL. The live ones are joined when it is read. */
const NodeRow = z.object({
  ...{ id: z.string(), hostname: z.string(), ip: z.string().nullable(), role: z.string() },
  ...{ labels: z.array(z.string()), status: z.string(), metadata: Json, created_at: time, updated_at: time },
  /** Why the status is what it is. */
  details: z.object({ silent: Decision, taken_out: Decision, says: Decision, revoked: Decision }),
  /** Since when it is in its state, and its last beat before that. */
  ...{ state_since: z.iso.datetime(), beaten_before: time },
});

/** A row as a list is given it. */
export type ListedNode = Omit<z.infer<typeof NodeRow>, "status" | "details"> &
  Pick<NodeBody, "node_id" | "status"> & {
    readonly details: Pick<NodeBody, "silent" | "taken_out" | "says" | "revoked">;
  } & Readonly<Record<"renewed_at" | "expires_at", string | null>>;

export const nodeRow = row({
  version: 1,
  shape: NodeRow,
  of: ({ id, state, data, stateSince }: RowEntity<NodeState>) => {
    if (data.node === null) return null;
    const { hostname, ip, role, labels, metadata } = data.node;
    const { created_at, updated_at, taken_out, said, revoked, last_heartbeat_at } = data;
    const identity = { id: derivedId("node", id), hostname, ip, role };
    return {
      ...{ ...identity, labels, status: statusOf(state, data), metadata, created_at, updated_at },
      details: { silent: silenceOf(data, stateSince), taken_out, says: said, revoked },
      ...{ state_since: toRfc3339(stateSince), beaten_before: last_heartbeat_at },
    };
  },
});

/** A minute's first beat of a node, with what it told of its load. */
export const heartbeatRow = logRow({
  version: 1,
  shape: z.object({ status: z.string(), metrics: Json }),
  of: ({ message: { payload }, entity }: LoggedMessage<NodeState>) => ({
    status: statusOf(entity.state, entity.data),
    metrics: (payload["metrics"] ?? {}) as z.infer<typeof Json>,
  }),
});

/** What others find of a node: never one that was revoked. */
export const directoryEntry = directoryRow({
  version: 1,
  of: ({ state, data, stateSince }: RowEntity<NodeState>) => {
    const status = statusOf(state, data);
    if (data.node === null || status === "revoked") return null;
    const { hostname, ip, role, labels } = data.node;
    const endpoints = ip === null ? [hostname] : [ip];
    return { name: hostname, kind: role, endpoints, labels: [...labels], status, since: sinceOf(data, stateSince) };
  },
});

/** Since when a node has its status: the last of what it follows from. */
const sinceOf = ({ taken_out, said }: NodeState, stateSince: number): string =>
  taken_out?.since ?? said?.since ?? toRfc3339(stateSince);

export const profileRow = row({
  version: 1,
  shape: z.object({ id: z.string(), config: Json, created_at: time, updated_at: time }),
  of: ({ id, data: { config, created_at, updated_at } }: RowEntity<ProfileState>) => ({
    ...{ id: derivedId("profile", id), config, created_at, updated_at },
  }),
});
