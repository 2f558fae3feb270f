import { useState } from "preact/hooks";
import { EventRow } from "./event-row.tsx";
import { useTail } from "./use-event-tail.ts";
import type { FeedState } from "../shared/event-stream.ts";
import { Trouble } from "../shared/error-message.tsx";
import { follow, go, usePlace } from "../shared/router.ts";
import { useAsked } from "../shared/use-api.ts";
import "../shared/filter-form.css";
import "./events-page.css";

const SHOWN = 200;

interface AsyncApi {
  readonly channels: Readonly<Record<string, { readonly address: string }>>;
  readonly operations: Readonly<
    Record<string, { readonly action: "send" | "receive"; readonly channel: { readonly $ref: string } }>
  >;
}

/** What happens, as it happens. */
export function Events() {
  const { query } = usePlace();
  const type = query.get("type") ?? undefined;
  const nodeId = query.get("node") ?? undefined;
  const described = useAsked<AsyncApi>("/asyncapi.json");
  const { tail, feed, act } = useTail(type, nodeId);
  const [shown, setShown] = useState(SHOWN);
  const { rows, cameMeanwhile } = tail;
  return (
    <>
      <h1>Events</h1>
      <Filter key={nodeId ?? ""} type={type} nodeId={nodeId} types={publishedIn(described.answer)} />
      <p class="choices">
        <button aria-pressed={tail.paused} onClick={() => act(tail.paused ? "resume" : "pause")}>
          {tail.paused ? "Resume" : "Pause"}
        </button>
        <button disabled={rows.length === 0} onClick={() => act("clear")}>
          Clear
        </button>
        <span role="status" class="note">
          {stateOf(feed)} {tail.paused ? `Paused: ${cameMeanwhile} came meanwhile.` : `${rows.length} here.`}
        </span>
      </p>
      <Trouble error={feed?.refused} what="No events" />
      {rows.length === 0 && <Empty filtered={type !== undefined || nodeId !== undefined} />}
      <ol class="events" aria-label="Events, newest first">
        {rows.slice(0, shown).map((row) => (
          <EventRow key={row.number} row={row} topic={described.answer?.channels[row.type]?.address} />
        ))}
      </ol>
      {rows.length > shown && (
        <button onClick={() => setShown(shown + SHOWN)}>Show older ones ({rows.length - shown})</button>
      )}
    </>
  );
}

const stateOf = (feed: FeedState | undefined): string =>
  feed?.connected
    ? "Following."
    : feed?.refused
      ? "Not following."
      : feed
        ? "The connection is lost; trying again."
        : "Connecting …";

/** Those that the runtime sends; what it receives is not in the stream. */
function publishedIn(described: AsyncApi | undefined): readonly string[] {
  const operations = Object.values(described?.operations ?? {});
  return operations.flatMap(({ action, channel }) =>
    action === "send" && !channel.$ref.endsWith("/DeadLetter") ? (channel.$ref.split("/").pop() ?? []) : [],
  );
}

interface FilterProps {
  readonly type: string | undefined;
  readonly nodeId: string | undefined;
  readonly types: readonly string[];
}

function Filter({ type, nodeId, types }: FilterProps) {
  const [typed, setTyped] = useState(nodeId ?? "");
  const filter = (of: { type?: string | undefined; node?: string | undefined }): void => {
    const set = Object.entries(of).filter((entry): entry is [string, string] => Boolean(entry[1]));
    go(`/events${set.length > 0 ? `?${new URLSearchParams(set).toString()}` : ""}`);
  };
  return (
    <form
      class="filter"
      onSubmit={(event) => {
        event.preventDefault();
        filter({ type, node: typed.trim() });
      }}
    >
      <label>
        Type
        <select
          value={type ?? ""}
          onChange={({ currentTarget }) => filter({ type: currentTarget.value, node: nodeId })}
        >
          <option value="">every type</option>
          {[...new Set([...types, ...(type === undefined ? [] : [type])])].map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
      </label>
      <label>
        Node id
        <input value={typed} maxLength={255} onInput={({ currentTarget }) => setTyped(currentTarget.value)} />
      </label>
      <button>Filter</button>
      {(type !== undefined || nodeId !== undefined) && (
        <a href="/events" onClick={follow}>
          All events
        </a>
      )}
    </form>
  );
}

function Empty({ filtered }: { readonly filtered: boolean }) {
  return (
    <p class="card">
      {filtered ? "No such event since this page was opened." : "Nothing has happened since this page was opened."}{" "}
      Earlier ones are in each node's timeline. To see some, play a node in the{" "}
      <a href="/playground" onClick={follow}>
        playground
      </a>{" "}
      or run <code>rollcall simulate</code>.
    </p>
  );
}
