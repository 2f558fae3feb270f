import { useCallback, useEffect, useMemo, useState } from "preact/hooks";
import type { Overview } from "../../app/http/overview/overview.ts";
import type { RegistrationView } from "../../app/modules/registration/registration-view.ts";
import { subscribeToEvents } from "../shared/event-stream.ts";
import { lastHeartbeat, nextDeadline } from "./node-deadlines.ts";
import { refreshScheduler } from "../shared/refresh-scheduler.ts";
import { PagedRows } from "../shared/paged-rows.ts";
import { useServerClock } from "../shared/server-clock.ts";
import { formatNumber, formatDuration } from "../shared/format.ts";
import { StateName } from "../shared/state-name.tsx";
import { ErrorMessage } from "../shared/error-message.tsx";
import { type Column, VirtualTable } from "../shared/virtual-table.tsx";
import { Link, NodeLink, navigate, nodePath, pathWithQuery, usePageLocation } from "../shared/router.tsx";
import { fetchJson } from "../shared/api.ts";
import { useApi } from "../shared/use-api.ts";
import { GetStarted } from "../registration/get-started.tsx";
import { filterFromQuery, type NodeFilter, NodeFilters } from "./node-filters.tsx";
import "./nodes-page.css";

const POLL_MS = 5_000;

export function Page() {
  const filter = filterFromQuery(usePageLocation().searchParams);
  const { answer: overview } = useApi<Overview>("/api/v1/overview?history=false", POLL_MS);
  const { pages, error, isLive } = useNodeRows(filter);
  const nowMs = useServerClock(overview?.at);
  const showRows = useCallback((first: number, count: number) => pages.showRows(first, count), [pages]);
  const { total } = pages;
  const isFiltered = Object.keys(filter).length > 0;
  return (
    <div class="nodes-page">
      <h1>
        Nodes{" "}
        <span class="note" role="status">
          {total === undefined ? "" : `${formatNumber(total)}${isFiltered ? " match" : ""}`}
          {isLive ? ", live" : ""}
        </span>
      </h1>
      <NodeFilters filter={filter} states={overview?.states ?? []} />
      <ErrorMessage error={error} title={total === undefined ? "Could not load" : "Showing the last known data"} />
      {total === 0 && !isFiltered && <GetStarted />}
      {total === 0 && isFiltered && (
        <p class="card">
          No nodes match. Remove a filter, or <Link to="/nodes">show all</Link>.
        </p>
      )}
      <div hidden={total === 0}>
        <VirtualTable
          label="Nodes"
          columns={nodeColumns(overview, nowMs)}
          total={total ?? 0}
          rowAt={(index) => pages.row(index)}
          onRangeChange={showRows}
          onOpenRow={(row) => navigate(nodePath(row.node_id))}
        />
      </div>
    </div>
  );
}

/**
 * The rows that match the filter. They are fetched again after events, and every `POLL_MS`.
 */
function useNodeRows(filter: NodeFilter) {
  const key = JSON.stringify(filter);
  const [{ error }, setFailure] = useState<{ readonly error: Error | undefined }>({ error: undefined });
  const [isLive, setLive] = useState(false);
  const pages = useMemo(
    () =>
      new PagedRows<RegistrationView>(
        (request, signal) => fetchJson(pathWithQuery("/api/v1/registrations", { ...filter, ...request }), { signal }),
        (reason) => setFailure({ error: reason }),
      ),
    [key],
  );
  useEffect(() => {
    const refresh = refreshScheduler(() => pages.refetch());
    const scheduleRefresh = (): void => void (document.hidden || refresh.schedule());
    const unfollow = subscribeToEvents({}, { event: scheduleRefresh, state: ({ connected }) => setLive(connected) });
    const timer = setInterval(scheduleRefresh, POLL_MS);
    document.addEventListener("visibilitychange", scheduleRefresh);
    return () => {
      document.removeEventListener("visibilitychange", scheduleRefresh);
      clearInterval(timer);
      unfollow();
      refresh.stop();
      pages.close();
    };
  }, [pages]);
  return { pages, error, isLive };
}

function nodeColumns(overview: Overview | undefined, nowMs: number): readonly Column<RegistrationView>[] {
  const kinds = new Map(overview?.states.map(({ name, kind }) => [name, kind]));
  return [
    {
      name: "id",
      title: "Node",
      cell: ({ node_id, node }) => (
        <>
          <NodeLink id={node_id} tabIndex={-1} /> <span class="note">{node?.node_name}</span>
        </>
      ),
    },
    { name: "state", title: "State", cell: ({ state }) => <StateName name={state} kind={kinds.get(state ?? "")} /> },
    {
      name: "since",
      title: "In state for",
      cell: ({ state_since }) => formatDuration(nowMs - Date.parse(state_since)),
    },
    {
      name: "heartbeat",
      title: "Last heartbeat",
      cell: (row) => {
        const beat = kinds.get(row.state ?? "") === "live" ? lastHeartbeat(row, nowMs) : undefined;
        return beat && <span class={beat.urgency}>{formatDuration(beat.agoMs)} ago</span>;
      },
    },
    {
      name: "deadline",
      title: "Deadline",
      cell: (row) => {
        const due = nextDeadline(row, nowMs);
        return due && (due.leftMs > 0 ? `${due.name} in ${formatDuration(due.leftMs)}` : `${due.name} is due`);
      },
    },
    { name: "type", title: "Type", cell: ({ node }) => node?.node_type },
    { name: "capabilities", title: "Capabilities", cell: ({ node }) => node?.capabilities.join(", ") },
  ];
}
