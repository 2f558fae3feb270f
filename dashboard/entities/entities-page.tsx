import { useCallback, useEffect, useMemo, useState } from "preact/hooks";
import type { Overview, StateKind } from "../../app/http/overview/overview.ts";
import { type EntityFilter, type EntityRow, useDomain, useDomainApi } from "../domains/domain.ts";
import { ErrorMessage } from "../shared/error-message.tsx";
import { subscribeToEvents } from "../shared/event-stream.ts";
import { capitalize, formatNumber } from "../shared/format.ts";
import { PagedRows } from "../shared/paged-rows.ts";
import { refreshScheduler } from "../shared/refresh-scheduler.ts";
import { Link, navigate, usePageLocation } from "../shared/router.tsx";
import { useServerClock } from "../shared/server-clock.ts";
import { VirtualTable } from "../shared/virtual-table.tsx";
import { commonColumns } from "./entity-columns.tsx";
import { EntityFilters, filterFromQuery } from "./entity-filters.tsx";
import "./entities-page.css";

const POLL_MS = 5_000;

export function Page() {
  const { parts, words, entitiesPage } = useDomain();
  const { entities } = words;
  const filter = filterFromQuery(usePageLocation().searchParams, parts.filterNames);
  const { answer: overview } = useDomainApi<Overview>("/overview?history=false", POLL_MS);
  const { pages, error, isLive } = useEntityRows(filter);
  const nowMs = useServerClock(overview?.at);
  const showRows = useCallback((first: number, count: number) => pages.showRows(first, count), [pages]);
  const kinds = new Map(overview?.states.map(({ name, kind }) => [name, kind]));
  const kindOf = (state: string | null): StateKind | undefined => kinds.get(state ?? "");
  const { total } = pages;
  const isFiltered = Object.keys(filter).length > 0;
  return (
    <div class={`entities-page ${entities}-list`}>
      <h1>
        {capitalize(entities)}{" "}
        <span class="note" role="status">
          {total === undefined ? "" : `${formatNumber(total)}${isFiltered ? " match" : ""}`}
          {isLive ? ", live" : ""}
        </span>
      </h1>
      <EntityFilters filter={filter} states={overview?.states ?? []} />
      <ErrorMessage error={error} title={total === undefined ? "Could not load" : "Showing the last known data"} />
      {total === 0 && !isFiltered && <parts.GetStarted />}
      {total === 0 && isFiltered && (
        <p class="card">
          No {entities} match. Remove a filter, or <Link to={entitiesPage()}>show all</Link>.
        </p>
      )}
      <div hidden={total === 0}>
        <VirtualTable
          label={capitalize(entities)}
          columns={parts.columns(commonColumns({ kindOf, nowMs }, words.entity), { kindOf, nowMs })}
          total={total ?? 0}
          rowAt={(index) => pages.row(index)}
          onRangeChange={showRows}
          onOpenRow={({ id }) => navigate(entitiesPage(id))}
        />
      </div>
    </div>
  );
}

/** The rows that match the filter. They are fetched again after events, and every `POLL_MS`. */
function useEntityRows(filter: EntityFilter) {
  const { api, parts } = useDomain();
  const [{ error }, setFailure] = useState<{ readonly error: Error | undefined }>({ error: undefined });
  const [isLive, setLive] = useState(false);
  const pages = useMemo(
    () =>
      new PagedRows<EntityRow>(
        (request, signal) => parts.fetchEntities(api, { ...filter, ...request }, signal),
        (reason) => setFailure({ error: reason }),
      ),
    [JSON.stringify(filter)],
  );
  useEffect(() => {
    const refresh = refreshScheduler(() => pages.refetch());
    const scheduleRefresh = (): void => void (document.hidden || refresh.schedule());
    const unfollow = subscribeToEvents(api("/events/stream"), {
      event: scheduleRefresh,
      state: ({ connected }) => setLive(connected),
    });
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
