import { useState } from "preact/hooks";
import { EventRow } from "./event-row.tsx";
import { useEventTail } from "./use-event-tail.ts";
import type { StreamState } from "../shared/event-stream.ts";
import { ErrorMessage } from "../shared/error-message.tsx";
import { followLink, navigate, usePageLocation } from "../shared/router.ts";
import { useApi } from "../shared/use-api.ts";
import "../shared/filter-form.css";
import "./events-page.css";

const ROWS_PER_STEP = 200;

interface AsyncApi {
  readonly channels: Readonly<Record<string, { readonly address: string }>>;
  readonly operations: Readonly<
    Record<string, { readonly action: "send" | "receive"; readonly channel: { readonly $ref: string } }>
  >;
}

/** What happens, as it happens. */
export function EventsPage() {
  const { searchParams } = usePageLocation();
  const type = searchParams.get("type") ?? undefined;
  const nodeId = searchParams.get("node") ?? undefined;
  const asyncApi = useApi<AsyncApi>("/asyncapi.json");
  const { tail, feed, act } = useEventTail(type, nodeId);
  const [shownCount, setShownCount] = useState(ROWS_PER_STEP);
  const { rows, arrivedWhilePaused } = tail;
  return (
    <>
      <h1>Events</h1>
      <EventFilterForm key={nodeId ?? ""} type={type} nodeId={nodeId} types={publishedTypes(asyncApi.answer)} />
      <p class="choices">
        <button aria-pressed={tail.paused} onClick={() => act(tail.paused ? "resume" : "pause")}>
          {tail.paused ? "Resume" : "Pause"}
        </button>
        <button disabled={rows.length === 0} onClick={() => act("clear")}>
          Clear
        </button>
        <span role="status" class="note">
          {connectionText(feed)}{" "}
          {tail.paused ? `Paused: ${arrivedWhilePaused} arrived meanwhile.` : `${rows.length} loaded.`}
        </span>
      </p>
      <ErrorMessage error={feed?.rejection} title="Could not follow the events" />
      {rows.length === 0 && <NoEvents filtered={type !== undefined || nodeId !== undefined} />}
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
    </>
  );
}

const connectionText = (feed: StreamState | undefined): string =>
  feed?.connected
    ? "Connected."
    : feed?.rejection
      ? "Not connected."
      : feed
        ? "Connection lost; reconnecting."
        : "Connecting …";

/** Those that the runtime sends; what it receives is not in the stream. */
function publishedTypes(described: AsyncApi | undefined): readonly string[] {
  const operations = Object.values(described?.operations ?? {});
  return operations.flatMap(({ action, channel }) =>
    action === "send" && !channel.$ref.endsWith("/DeadLetter") ? (channel.$ref.split("/").pop() ?? []) : [],
  );
}

interface EventFilterFormProps {
  readonly type: string | undefined;
  readonly nodeId: string | undefined;
  readonly types: readonly string[];
}

function EventFilterForm({ type, nodeId, types }: EventFilterFormProps) {
  const [nodeIdText, setNodeIdText] = useState(nodeId ?? "");
  const applyFilter = (of: { type?: string | undefined; node?: string | undefined }): void => {
    const set = Object.entries(of).filter((entry): entry is [string, string] => Boolean(entry[1]));
    navigate(`/events${set.length > 0 ? `?${new URLSearchParams(set).toString()}` : ""}`);
  };
  return (
    <form
      class="filter-form"
      onSubmit={(event) => {
        event.preventDefault();
        applyFilter({ type, node: nodeIdText.trim() });
      }}
    >
      <label>
        Type
        <select
          value={type ?? ""}
          onChange={({ currentTarget }) => applyFilter({ type: currentTarget.value, node: nodeId })}
        >
          <option value="">all types</option>
          {[...new Set([...types, ...(type === undefined ? [] : [type])])].map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
      </label>
      <label>
        Node id
        <input value={nodeIdText} maxLength={255} onInput={({ currentTarget }) => setNodeIdText(currentTarget.value)} />
      </label>
      <button>Filter</button>
      {(type !== undefined || nodeId !== undefined) && (
        <a href="/events" onClick={followLink}>
          Clear filters
        </a>
      )}
    </form>
  );
}

function NoEvents({ filtered }: { readonly filtered: boolean }) {
  return (
    <p class="card">
      {filtered ? "No matching events since this page was opened." : "No events since this page was opened."} Earlier
      events are in each node's timeline. To see some, simulate a node in the{" "}
      <a href="/playground" onClick={followLink}>
        playground
      </a>{" "}
      or run <code>rollcall simulate</code>.
    </p>
  );
}
