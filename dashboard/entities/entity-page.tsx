import { useEffect } from "preact/hooks";
import type { EntityView } from "../../app/http/entities/entity-view.ts";
import type { Explanation } from "../../app/http/entities/explanation.ts";
import type { Timeline as TimelinePage } from "../../app/http/entities/timeline.ts";
import type { Overview } from "../../app/http/overview/overview.ts";
import { useDomain, useDomainApi } from "../domains/domain.ts";
import { ApiError } from "../shared/api.ts";
import { capitalize } from "../shared/format.ts";
import { ErrorMessage } from "../shared/error-message.tsx";
import { subscribeToEvents } from "../shared/event-stream.ts";
import { refreshScheduler } from "../shared/refresh-scheduler.ts";
import { Link, type PageProps, pathWithQuery } from "../shared/router.tsx";
import { useServerClock } from "../shared/server-clock.ts";
import { StateName } from "../shared/state-name.tsx";
import { EntityMachines } from "./entity-machines.tsx";
import { StatusSummary } from "./status-summary.tsx";
import { Timeline } from "./timeline.tsx";
import "./entity-page.css";

const POLL_MS = 5_000;
const TIMELINE_ITEMS = 300;

export function Page({ entityId }: PageProps) {
  const { api, parts, words, entitiesPage } = useDomain();
  const { entity, explanation, timeline, overview, refetchAll } = useEntity(entityId);
  const nowMs = useServerClock(overview.answer?.at);
  useEffect(() => {
    const refresh = refreshScheduler(async () => refetchAll());
    const unfollow = subscribeToEvents(pathWithQuery(api("/events/stream"), { entity_id: entityId }), {
      event: () => refresh.schedule(),
    });
    return () => {
      unfollow();
      refresh.stop();
    };
  }, [entityId]);

  const view = entity.answer;
  const kind = overview.answer?.states.find(({ name }) => name === view?.state)?.kind;
  const isUnknown = entity.error instanceof ApiError && entity.error.status === 404;
  const items = timeline.answer?.items ?? [];
  const hasPending = explanation.answer?.intents.some(({ status }) => status === "pending") ?? false;
  return (
    <div class="entity-page">
      <p class="breadcrumb">
        <Link to={entitiesPage()}>{capitalize(words.entities)}</Link>
      </p>
      <h1>
        {entityId} {view && <StateName name={view.state} kind={kind} />}
      </h1>
      <ErrorMessage
        error={isUnknown ? undefined : (entity.error ?? explanation.error)}
        title={view ? "Showing the last known data" : "Could not load"}
      />
      {view && (
        <div class="entity-actions">
          <parts.Actions id={entityId} kind={kind} hasPending={hasPending} onDone={refetchAll} />
        </div>
      )}
      <div class="entity-state">
        {explanation.answer && <StatusSummary explanation={explanation.answer} nowMs={nowMs} />}
        {view && <EntityMachines entity={view} items={items} />}
      </div>
      {items.length > 0 && (
        <Timeline
          items={items}
          isComplete={timeline.answer?.next_cursor === null}
          droppedOn={timeline.answer?.dropped_on ?? null}
        />
      )}
      {view && <EntityData entity={view} />}
    </div>
  );
}

/** All that is shown of an entity, fetched again at intervals and after events. */
function useEntity(entityId: string) {
  const path = `/entities/${encodeURIComponent(entityId)}`;
  const timelinePath = pathWithQuery(`${path}/timeline`, { envelopes: "true", limit: TIMELINE_ITEMS });
  const entity = useDomainApi<EntityView>(path, POLL_MS);
  const explanation = useDomainApi<Explanation>(`${path}/explanation`, POLL_MS);
  const timeline = useDomainApi<TimelinePage>(timelinePath, POLL_MS);
  const overview = useDomainApi<Overview>("/overview?history=false", POLL_MS);
  const refetchAll = (): void => [entity, explanation, timeline].forEach((each) => each.refetch());
  return { entity, explanation, timeline, overview, refetchAll };
}

const EntityData = ({ entity: { data, ...rest } }: { readonly entity: EntityView }) => (
  <>
    <details class="card">
      <summary>Data as JSON</summary>
      <pre tabIndex={0}>{JSON.stringify(data, null, 2)}</pre>
    </details>
    <details class="card">
      <summary>Everything else that is stored of it</summary>
      <pre tabIndex={0}>{JSON.stringify(rest, null, 2)}</pre>
    </details>
  </>
);
