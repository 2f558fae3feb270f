import { useEffect } from "preact/hooks";
import type {
  RegistrationExplanation as Explanation,
  RegistrationTimelineItem as TimelineItem,
  RegistrationView,
} from "../../app/modules/registration/registration-view.ts";
import type { Overview } from "../../app/http/overview/overview.ts";
import { subscribeToEvents } from "../shared/event-stream.ts";
import { NodeActions } from "../registration/node-actions.tsx";
import { NodeMachines } from "./node-machines.tsx";
import { StatusSummary } from "./status-summary.tsx";
import { Timeline } from "./timeline.tsx";
import { refreshScheduler } from "../shared/refresh-scheduler.ts";
import { useServerClock } from "../shared/server-clock.ts";
import { StateName } from "../shared/state-name.tsx";
import { ErrorMessage } from "../shared/error-message.tsx";
import { Link, type PageProps, pathWithQuery } from "../shared/router.tsx";
import { ApiError } from "../shared/api.ts";
import { useApi } from "../shared/use-api.ts";
import "./node-page.css";

const POLL_MS = 5_000;
const TIMELINE_ROWS = 300;

interface TimelineAnswer {
  readonly items: readonly TimelineItem[];
}

export function Page({ routeParam: nodeId }: PageProps) {
  const path = `/api/v1/registrations/${encodeURIComponent(nodeId)}`;
  const registration = useApi<RegistrationView>(path, POLL_MS);
  const explanation = useApi<Explanation>(`${path}/explanation`, POLL_MS);
  const timelinePath = pathWithQuery(`${path}/timeline`, { order: "newest", envelopes: "true", limit: TIMELINE_ROWS });
  const timeline = useApi<TimelineAnswer>(timelinePath, POLL_MS);
  const overview = useApi<Overview>("/api/v1/overview?history=false", POLL_MS);
  const nowMs = useServerClock(overview.answer?.at);
  const refetchAll = (): void => [registration, explanation, timeline].forEach((each) => each.refetch());
  useEffect(() => {
    const refresh = refreshScheduler(async () => refetchAll());
    const unfollow = subscribeToEvents({ node_id: nodeId }, { event: () => refresh.schedule() });
    return () => {
      unfollow();
      refresh.stop();
    };
  }, [nodeId]);

  const view = registration.answer;
  const kind = overview.answer?.states.find(({ name }) => name === view?.state)?.kind;
  const isUnknown = registration.error instanceof ApiError && registration.error.status === 404;
  const items = timeline.answer?.items ?? [];
  return (
    <div class="node-page">
      <p class="breadcrumb">
        <Link to="/nodes">Nodes</Link>
      </p>
      <h1>
        {nodeId} {view && <StateName name={view.state} kind={kind} />}
      </h1>
      <ErrorMessage
        error={isUnknown ? undefined : (registration.error ?? explanation.error)}
        title={view ? "Showing the last known data" : "Could not load"}
      />
      {view && (
        <NodeActions
          nodeId={nodeId}
          kind={kind}
          hasPending={explanation.answer?.intents.some(({ status }) => status === "pending") ?? false}
          onDone={refetchAll}
        />
      )}
      <div class="node-state">
        {explanation.answer && <StatusSummary explanation={explanation.answer} nowMs={nowMs} />}
        {view && <NodeMachines registration={view} items={items} />}
      </div>
      {items.length > 0 && <Timeline items={items} isComplete={items.length < TIMELINE_ROWS} />}
      {view && (
        <details class="card">
          <summary>Registration as JSON</summary>
          <pre tabIndex={0}>{JSON.stringify(view, null, 2)}</pre>
        </details>
      )}
    </div>
  );
}
