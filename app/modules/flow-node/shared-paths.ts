import type { Sql } from "../../../runtime/ports/store.ts";

const WARNINGS_MAX = 100;
const NODES_NAMED = 3;

/**
 * A warning for each of the paths that other nodes offer too: the node is responsible, so both are listed. Of each path
 * a few nodes are read, since it may be one that all nodes offer.
 */
export async function sharedPaths(sql: Sql, node: string, paths: readonly string[]): Promise<string[]> {
  if (paths.length === 0) return [];
  const rows = await sql.query<{ path: string; nodes: string[] }>(
    `select given.path, array(select n.node from rollcall_flow_node.nodes n
              where n.paths @> array[given.path] and n.node <> $1 and n.status <> 'revoked'
              limit ${NODES_NAMED + 1}) as nodes
       from unnest($2::text[]) as given(path)`,
    [node, paths],
  );
  const shared = rows.filter(({ nodes }) => nodes.length > 0);
  const warnings = shared.slice(0, WARNINGS_MAX).map(({ path, nodes }) => {
    const named = nodes.slice(0, NODES_NAMED).toSorted().join(", ");
    return `${path} is offered by ${named}${nodes.length > NODES_NAMED ? " and others" : ""} too`;
  });
  return shared.length > WARNINGS_MAX ? [...warnings, "and more paths are offered by others too"] : warnings;
}
