import { useState } from "preact/hooks";
import { useDomain, useDomainApi } from "../domains/domain.ts";
import { capitalize } from "../shared/format.ts";
import { ErrorMessage } from "../shared/error-message.tsx";
import type { StreamState } from "../shared/event-stream.ts";
import { Form, SelectField, TextField } from "../shared/fields.tsx";
import { Link, navigate, pathWithQuery, usePageLocation } from "../shared/router.tsx";
import { EventRow } from "./event-row.tsx";
import { clearTail, pauseTail, resumeTail } from "./event-tail.ts";
import { useEventTail } from "./use-event-tail.ts";
import "../shared/filter-form.css";
import "./events-page.css";

const ROWS_PER_STEP = 200;

interface AsyncApi {
  readonly channels: Readonly<Record<string, { readonly address: string }>>;
  readonly operations: Readonly<
    Record<string, { readonly action: "send" | "receive"; readonly channel: { readonly $ref: string } }>
  >;
}

/** Events as they are published. */
export function Page() {
  const { searchParams } = usePageLocation();
  const type = searchParams.get("type") ?? undefined;
  const entityId = searchParams.get("entity") ?? undefined;
  const asyncApi = useDomainApi<AsyncApi>("/asyncapi.json");
  const { tail, setTail, feed } = useEventTail(type, entityId);
  const [shownCount, setShownCount] = useState(ROWS_PER_STEP);
  const { paused } = tail;
  const { rows } = paused ?? tail;
  return (
    <div class="events-page">
      <h1>Events</h1>
      <EventFilterForm key={entityId ?? ""} type={type} entityId={entityId} types={publishedTypes(asyncApi.answer)} />
      <p class="choices">
        <button aria-pressed={paused !== undefined} onClick={() => setTail(paused ? resumeTail : pauseTail)}>
          {paused ? "Resume" : "Pause"}
        </button>
        <button disabled={rows.length === 0} onClick={() => setTail(clearTail)}>
          Clear
        </button>
        <span role="status" class="note">
          {connectionText(feed)}{" "}
          {paused ? `Paused: ${tail.totalCount - paused.totalCount} arrived meanwhile.` : `${rows.length} loaded.`}
        </span>
      </p>
      <ErrorMessage error={feed?.rejection} title="Could not follow the events" />
      {rows.length === 0 && <NoEvents isFiltered={type !== undefined || entityId !== undefined} />}
      <ol class="events" aria-label="Events, newest first">
        {rows.slice(0, shownCount).map((row) => (
          <EventRow key={row.number} row={row} topic={asyncApi.answer?.channels[row.type]?.address} />
        ))}
      </ol>
      {rows.length > shownCount && (
        <button onClick={() => setShownCount(shownCount + ROWS_PER_STEP)}>
          Show older ({rows.length - shownCount})
        </button>
      )}
    </div>
  );
}

function connectionText(feed: StreamState | undefined): string {
  if (!feed) return "Connecting …";
  if (feed.connected) return "Connected.";
  return feed.rejection ? "Not connected." : "Connection lost; reconnecting.";
}

/** The types that the runtime sends: those it receives are not in the stream. */
function publishedTypes(asyncApi: AsyncApi | undefined): readonly string[] {
  const operations = Object.values(asyncApi?.operations ?? {});
  return operations.flatMap(({ action, channel }) =>
    action === "send" && !channel.$ref.endsWith("/DeadLetter") ? (channel.$ref.split("/").pop() ?? []) : [],
  );
}

interface EventFilterFormProps {
  readonly type: string | undefined;
  readonly entityId: string | undefined;
  readonly types: readonly string[];
}

function EventFilterForm({ type = "", entityId = "", types }: EventFilterFormProps) {
  const { page, words } = useDomain();
  const path = page("/events");
  const [typedId, setTypedId] = useState(entityId);
  const apply = (filter: { readonly type: string; readonly entity: string }): void =>
    navigate(pathWithQuery(path, filter));
  const options = [...new Set([...types, type])].filter(Boolean);
  return (
    <Form class="filter-form" onSubmit={() => apply({ type, entity: typedId.trim() })}>
      <SelectField
        label="Type"
        value={type}
        options={[["", "all types"], ...options]}
        onSelect={(selected) => apply({ type: selected, entity: entityId })}
      />
      <TextField label={`${capitalize(words.entity)} id`} value={typedId} maxLength={255} onText={setTypedId} />
      <button>Filter</button>
      {(type || entityId) && <Link to={path}>Clear filters</Link>}
    </Form>
  );
}

function NoEvents({ isFiltered }: { readonly isFiltered: boolean }) {
  const { words } = useDomain();
  return (
    <p class="card">
      {isFiltered ? "No matching events since this page was opened." : "No events since this page was opened."} Earlier
      events are in each {words.entity}'s timeline.
    </p>
  );
}
