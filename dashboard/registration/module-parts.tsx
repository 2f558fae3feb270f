import type { RegistrationView } from "../../app/modules/registration/registration-view.ts";
import type { ModuleParts } from "../domains/domain.ts";
import { fetchJson } from "../shared/api.ts";
import type { ListPage } from "../shared/list-page.ts";
import { pathWithQuery } from "../shared/router.tsx";
import { GetStarted } from "./get-started.tsx";
import { NodeActions } from "./node-actions.tsx";
import { nodeColumns } from "./node-columns.tsx";
import { NodeFilters } from "./node-filters.tsx";
import { NodeSimulator } from "./node-simulator.tsx";
import { RATES } from "./rates.ts";

/** By registration's own list, which also searches names and filters by type and capability. */
const fetchNodes: ModuleParts["fetchEntities"] = async (_api, query, signal) => {
  const path = pathWithQuery("/api/v1/registrations", query);
  const { items, ...page } = await fetchJson<ListPage<RegistrationView>>(path, { signal });
  return { ...page, items: items.map(({ node_id, node, ...row }) => ({ ...row, id: node_id, data: { node } })) };
};

/** What the page shows of registration in a way of its own. */
export const parts: ModuleParts = {
  searchLabel: "Id or name",
  filterNames: ["node_type", "capability"],
  fetchEntities: fetchNodes,
  columns: nodeColumns,
  rates: () => RATES,
  Filters: NodeFilters,
  Actions: NodeActions,
  GetStarted,
  Playground: NodeSimulator,
};
