import { useCallback, useEffect, useMemo, useState } from "preact/hooks";
import type { Overview } from "../../app/http/overview/overview.ts";
import type { RegistrationView } from "../../app/http/entities/registration-view.ts";
import { followEvents } from "../shared/event-stream.ts";
import { beatOf, dueOf } from "./node-deadlines.ts";
import { paced } from "../shared/refresh-scheduler.ts";
import { RowPages } from "../shared/paged-rows.ts";
import { useServerClock } from "../shared/server-clock.ts";
import { amount, span } from "../shared/format.ts";
import { StateName } from "../shared/state-name.tsx";
import { Trouble } from "../shared/error-message.tsx";
import { type Column, VirtualTable } from "../shared/virtual-table.tsx";
import { follow, go, usePlace } from "../shared/router.ts";
import { ask } from "../shared/api.ts";
import { useAsked } from "../shared/use-api.ts";
import { FirstNode } from "../registration/get-started.tsx";
import { filterOf, type NodeFilter, NodeFilters } from "./node-filters.tsx";
import "./nodes-page.css";

interface List {
  readonly items: readonly RegistrationView[];
  readonly next_cursor: string | null;
  readonly total?: number;
}
const EVERY_MS = 5_000;
const pathOf = ({ node_id }: RegistrationView): string => `/nodes/${encodeURIComponent(node_id)}`;

export function Nodes() {
  const filter = filterOf(usePlace().query);
  const { answer: overview } = useAsked<Overview>("/api/v1/overview?history=false", EVERY_MS);
  const { pages, error, isLive } = useRows(filter);
  const nowMs = useServerClock(overview?.at);
  const show = useCallback((first: number, count: number) => pages.show(first, count), [pages]);
  const { total } = pages;
  const isFiltered = Object.keys(filter).length > 0;
  return (
    <>
      <h1>
        Nodes{" "}
        <span class="note" role="status">
          {total === undefined ? "" : `${amount(total)}${isFiltered ? " fit" : ""}`}
          {isLive ? ", live" : ""}
        </span>
      </h1>
      <NodeFilters filter={filter} states={overview?.states ?? []} />
      <Trouble error={error} what={total === undefined ? "Nothing to show" : "This is from before"} />
      {total === 0 && !isFiltered && <FirstNode />}
      {total === 0 && isFiltered && (
        <p class="card">
          No node fits. Take a filter away, or{" "}
          <a href="/nodes" onClick={follow}>
            show all
          </a>
          .
        </p>
      )}
      <div hidden={total === 0}>
        <VirtualTable
          label="Nodes"
          columns={columnsOf(overview, nowMs)}
          total={total ?? 0}
          row={(index) => pages.row(index)}
          onWindow={show}
          onOpen={(row) => go(pathOf(row))}
        />
      </div>
    </>
  );
}

/**
 * The rows that fit, kept as they are now: asked for again when an event tells that something moved, and now and then.
 */
function useRows(filter: NodeFilter) {
  const key = JSON.stringify(filter);
  const [{ error }, setTold] = useState<{ readonly error: Error | undefined }>({ error: undefined });
  const [isLive, setLive] = useState(false);
  const pages = useMemo(
    () =>
      new RowPages<RegistrationView>(
        async (question, signal) => {
          const query = { ...filter, ...question, count: String(question.count) };
          const { items, next_cursor, total } = await ask<List>("/api/v1/registrations", { query, signal });
          return { rows: items, nextCursor: next_cursor, total };
        },
        (reason) => setTold({ error: reason }),
      ),
    [key],
  );
  useEffect(() => {
    const refresh = paced(() => pages.again());
    const soon = (): void => void (document.hidden || refresh.soon());
    const unfollow = followEvents({}, { event: soon, state: ({ connected }) => setLive(connected) });
    const timer = setInterval(soon, EVERY_MS);
    document.addEventListener("visibilitychange", soon);
    return () => {
      document.removeEventListener("visibilitychange", soon);
      clearInterval(timer);
      unfollow();
      refresh.stop();
      pages.close();
    };
  }, [pages]);
  return { pages, error, isLive };
}

function columnsOf(overview: Overview | undefined, nowMs: number): readonly Column<RegistrationView>[] {
  const kinds = new Map(overview?.states.map(({ name, kind }) => [name, kind]));
  return [
    {
      name: "id",
      title: "Node",
      cell: (row) => (
        <>
          <a href={pathOf(row)} onClick={follow} tabIndex={-1}>
            {row.node_id}
          </a>{" "}
          <span class="note">{row.node?.node_name}</span>
        </>
      ),
    },
    { name: "state", title: "State", cell: ({ state }) => <StateName name={state} kind={kinds.get(state ?? "")} /> },
    { name: "since", title: "for", cell: ({ state_since }) => span(nowMs - Date.parse(state_since)) },
    {
      name: "beat",
      title: "Last heard",
      cell: (row) => {
        const beat = kinds.get(row.state ?? "") === "live" ? beatOf(row, nowMs) : undefined;
        return beat && <span class={beat.urgency}>{span(beat.agoMs)} ago</span>;
      },
    },
    {
      name: "due",
      title: "Deadline",
      cell: (row) => {
        const due = dueOf(row, nowMs);
        return due && (due.leftMs > 0 ? `${due.name} in ${span(due.leftMs)}` : `${due.name} is due`);
      },
    },
    { name: "type", title: "Type", cell: ({ node }) => node?.node_type },
    { name: "can", title: "Capabilities", cell: ({ node }) => node?.capabilities.join(", ") },
  ];
}
