import type { Evidence } from "../evidence.ts";
import { getJson, listAt, type TimelineItem, type World } from "../world.ts";

/** `GET /api/v1/registrations/{node_id}`, what the scenarios look at. */
export interface Registration {
  readonly state: string | null;
  readonly reducer_state: string;
  readonly attempt: number;
  readonly registration_attempt_id: string | null;
  readonly entity_seq: number;
  readonly deadlines: Readonly<Record<string, { readonly at: string; readonly renewed_at: string | null }>>;
  readonly failures: readonly { readonly backend: string; readonly error_code: string }[];
}

/** A service as the catalog lists it. */
export interface CatalogEntry {
  readonly serviceId: string;
  readonly nodeId: string;
  readonly address: string;
  readonly port: number | null;
  readonly tags: readonly string[];
  readonly passing: boolean;
  readonly note: string;
  /** The `entity_seq` that it was written for; undefined when the catalog does not have it. */
  readonly version?: number;
}

/** A row of `rollcall.node_registrations`. */
export interface Row {
  readonly node_id: string;
  readonly status: string;
  readonly version: number;
  readonly node_type: string;
  readonly endpoints: Readonly<Record<string, string>>;
}

/** Everything that can be seen from outside of nodes at rest. */
export interface NodeEvidence extends Evidence {
  readonly registrations: readonly {
    readonly node_id: string;
    readonly state: string | null;
    readonly entity_seq: number;
  }[];
  /** Undefined when they can't be read. */
  readonly rows?: readonly Row[];
  readonly services: readonly CatalogEntry[];
  /** Entries of others in the catalog, as text: those put there before, and what is there now. */
  readonly foreign?: { readonly planted: readonly string[]; readonly found: readonly string[] };
}

/** A system in which nodes register. */
export interface NodeWorld extends World {
  registration(nodeId: string): Promise<Registration | undefined>;
  catalog(nodeId: string): Promise<readonly CatalogEntry[]>;
  /** Undefined: it has none, or it can't be read while the program runs (embedded). */
  row(nodeId: string): Promise<Row | undefined>;
  /** Everything that can be seen from outside, for the judge. */
  evidence(): Promise<NodeEvidence>;
  /** All rows of node_registrations. Embedded: ends the program first, for it alone has the database. */
  rowsAtTheEnd(): Promise<readonly Row[]>;
}

export const ROWS =
  "select node_id, status, version::int as version, node_type, endpoints from rollcall.node_registrations";

const NODE_TYPES = ["effect", "compute", "reducer", "orchestrator"] as const;
export const serviceNames = NODE_TYPES.map((type) => `onex-${type}`);

export const registrationAt = (url: string, nodeId: string): Promise<Registration | undefined> =>
  getJson<Registration>(`${url}/api/v1/registrations/${nodeId}`);

export async function timelineAt(url: string, nodeId: string): Promise<readonly TimelineItem[]> {
  const found = await getJson<{ items: TimelineItem[] }>(`${url}/api/v1/registrations/${nodeId}/timeline?limit=200`);
  return found?.items ?? [];
}

/** All registrations, over all pages. */
export const registrationsAt = (url: string): Promise<readonly (Registration & { readonly node_id: string })[]> =>
  listAt(`${url}/api/v1/registrations?limit=100`);
