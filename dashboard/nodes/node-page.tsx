import { useEffect } from "preact/hooks";
import type { PageProps } from "../app.tsx";
import type { Explanation } from "../../app/http/entities/explanation.ts";
import type { Overview } from "../../app/http/overview/overview.ts";
import type { RegistrationView } from "../../app/http/entities/registration-view.ts";
import type { TimelineItem } from "../../app/http/entities/timeline.ts";
import { followEvents } from "../shared/event-stream.ts";
import { Actions } from "../registration/node-actions.tsx";
import { Machines } from "./node-machines.tsx";
import { Standing } from "./status-summary.tsx";
import { Timeline } from "./timeline.tsx";
import { paced } from "../shared/refresh-scheduler.ts";
import { useServerClock } from "../shared/server-clock.ts";
import { StateName } from "../shared/state-name.tsx";
import { Trouble } from "../shared/error-message.tsx";
import { follow } from "../shared/router.ts";
import { Refused } from "../shared/api.ts";
import { useAsked } from "../shared/use-api.ts";
import "./node-page.css";

const EVERY_MS = 5_000;
const ROWS = 300;

interface Rows {
  readonly items: readonly TimelineItem[];
}

export function Node({ rest: nodeId }: PageProps) {
  const path = `/api/v1/registrations/${encodeURIComponent(nodeId)}`;
  const registration = useAsked<RegistrationView>(path, EVERY_MS);
  const explanation = useAsked<Explanation>(`${path}/explanation`, EVERY_MS);
  const timeline = useAsked<Rows>(`${path}/timeline?order=newest&envelopes=true&limit=${ROWS}`, EVERY_MS);
  const overview = useAsked<Overview>("/api/v1/overview?history=false", EVERY_MS);
  const nowMs = useServerClock(overview.answer?.at);
  const again = (): void => [registration, explanation, timeline].forEach((each) => each.again());
  useEffect(() => {
    const refresh = paced(async () => again());
    const unfollow = followEvents({ node_id: nodeId }, { event: () => refresh.soon() });
    return () => {
      unfollow();
      refresh.stop();
    };
  }, [nodeId]);

  const view = registration.answer;
  const kind = overview.answer?.states.find(({ name }) => name === view?.state)?.kind;
  const isUnknown = registration.error instanceof Refused && registration.error.status === 404;
  const items = timeline.answer?.items ?? [];
  return (
    <>
      <p class="way">
        <a href="/nodes" onClick={follow}>
          Nodes
        </a>
      </p>
      <h1>
        {nodeId} {view && <StateName name={view.state} kind={kind} />}
      </h1>
      <Trouble
        error={isUnknown ? undefined : (registration.error ?? explanation.error)}
        what={view ? "This is from before" : "Nothing to show"}
      />
      {view && (
        <Actions
          nodeId={nodeId}
          kind={kind}
          hasPending={explanation.answer?.intents.some(({ status }) => status === "pending") ?? false}
          onDone={again}
        />
      )}
      <div class="node-state">
        {explanation.answer && <Standing explanation={explanation.answer} nowMs={nowMs} />}
        {view && <Machines registration={view} items={items} />}
      </div>
      {items.length > 0 && <Timeline items={items} whole={items.length < ROWS} />}
      {view && (
        <details class="card">
          <summary>What it told about itself</summary>
          <pre tabIndex={0}>{JSON.stringify(view, null, 2)}</pre>
        </details>
      )}
    </>
  );
}
