import { STATES } from "../../../contracts/node-registry/messages/status.ts";
import { SystemClock } from "../../../runtime/adapters/system-clock.ts";
import type { Sql } from "../../../runtime/ports/store.ts";
import { cachedAnswer } from "../../host/cached-answer.ts";

/** How many nodes of a role have a status. */
interface RoleCount {
  readonly role: string;
  readonly status: string;
  readonly nodes: number;
}

/** Nodes choose their roles, and each role is a series: those with the most nodes, all others together. */
const ROLES_MAX = 50;
const OTHERS = "(others)";
const KEPT_MIN_MS = 5_000;
/** A count reads every row: it is kept for so many times as long as it took. */
const KEPT_FACTOR = 50;

const clock = new SystemClock();
const counted = new WeakMap<Sql, () => Promise<readonly RoleCount[]>>();

/** Nodes by role and status, over all processes; counted once for all requests that come meanwhile. */
export function roleCounts(sql: Sql): Promise<readonly RoleCount[]> {
  const keptForMs = (tookMs: number): number => Math.max(KEPT_MIN_MS, KEPT_FACTOR * tookMs);
  const ask = counted.get(sql) ?? cachedAnswer(clock, keptForMs, () => count(sql));
  counted.set(sql, ask);
  return ask();
}

const count = (sql: Sql): Promise<readonly RoleCount[]> =>
  sql.query<RoleCount>(
    `with each as (select role, status, count(*) as nodes from rollcall_node_registry.nodes group by role, status),
       named as (select role from each group by role order by sum(nodes) desc, role limit $1)
     select coalesce(named.role, $2) as role, status, sum(nodes)::int as nodes
       from each left join named on named.role = each.role group by 1, 2 order by 1, 2`,
    [ROLES_MAX, OTHERS],
  );

const escaped = (value: string): string =>
  value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");

interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

function gauge(name: string, help: string, samples: readonly Sample[]): string {
  const lines = samples.map(({ labels, value }) => {
    const texts = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
    return `${name}{${texts.join(",")}} ${value}\n`;
  });
  return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${lines.join("")}`;
}

/** In Prometheus' text format; every state is there, so that none ends as a gap. */
export const metricsText = (byState: ReadonlyMap<string, number>, byRole: readonly RoleCount[]): string =>
  gauge(
    "node_registry_nodes",
    "Nodes by state.",
    STATES.map((state) => ({ labels: { state }, value: byState.get(state) ?? 0 })),
  ) +
  gauge(
    "node_registry_role_nodes",
    `Nodes by role and status; of more than ${ROLES_MAX} roles the smallest are ${OTHERS}.`,
    byRole.map(({ role, status, nodes }) => ({ labels: { role, status }, value: nodes })),
  );
