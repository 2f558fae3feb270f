import { useEffect, useState } from "preact/hooks";
import type { DeadLetter } from "../../app/http/dead-letters/dead-letter-queries.ts";
import { DeadLetterItem } from "./dead-letter-item.tsx";
import { ConfirmWithReason } from "./confirm-with-reason.tsx";
import { ErrorMessage } from "../shared/error-message.tsx";
import { followLink, navigate, usePageLocation } from "../shared/router.ts";
import { fetchJson } from "../shared/api.ts";
import "../shared/filter-form.css";
import "./dead-letters-page.css";

const PAGE_ROWS = 100;

interface DeadLetterPage {
  readonly items: readonly DeadLetter[];
  readonly next_cursor: string | null;
}
interface DeadLetterFilter {
  readonly code?: string | undefined;
  readonly topic?: string | undefined;
  readonly retried?: string | undefined;
}

/** Messages that could not be taken. */
export function DeadLettersPage() {
  const { searchParams } = usePageLocation();
  const param = (name: string): string | undefined => searchParams.get(name) || undefined;
  const filter: DeadLetterFilter = { code: param("code"), topic: param("topic"), retried: param("retried") };
  const { list, error, more, again } = useDeadLetters(filter);
  const [status, setStatus] = useState("");
  const filterText = [filter.code, filter.topic].filter(Boolean).join(" of ");
  const retryableCount =
    list?.items.filter(({ retried_at, truncated }) => retried_at === null && !truncated).length ?? 0;
  return (
    <>
      <h1>Dead letters</h1>
      <FilterForm key={JSON.stringify(filter)} filter={filter} items={list?.items ?? []} />
      <ErrorMessage error={error} title={list ? "Showing the last known data" : "Could not load"} />
      {retryableCount > 0 && (
        <ConfirmWithReason
          label={filterText === "" ? "Retry all" : `Retry all ${filterText}`}
          note="Publishes those not retried yet to their topics again, oldest first, at most 500 at a time. Any that fail again become new dead letters."
          onConfirm={(reason) =>
            fetchJson("/api/v1/dead-letters/retry", {
              method: "POST",
              query: { reason: reason || undefined },
              body: { ...(filter.code && { code: filter.code }), ...(filter.topic && { topic: filter.topic }) },
            })
          }
          onDone={(answer) => {
            const { retried, left } = answer as { retried: number; left: number };
            setStatus(
              `${retried} were published again. ` +
                `${left === 0 ? "None are left." : `${left} are left: retry again for the next ones.`}`,
            );
            again();
          }}
        />
      )}
      <p role="status" class="note">
        {status}
      </p>
      {list?.items.length === 0 && <NoDeadLetters filter={filter} />}
      <ul class="dead-letters" aria-label="Dead letters, newest first">
        {list?.items.map((letter) => (
          <DeadLetterItem key={letter.id} deadLetter={letter} onChanged={again} />
        ))}
      </ul>
      {list?.next_cursor != null && <button onClick={more}>Show older</button>}
    </>
  );
}

function useDeadLetters(filter: DeadLetterFilter) {
  const [list, setList] = useState<DeadLetterPage>();
  const [error, setError] = useState<Error>();
  const [fetchCount, setFetchCount] = useState(0);
  const key = JSON.stringify(filter);
  useEffect(() => {
    let current = true;
    fetchJson<DeadLetterPage>("/api/v1/dead-letters", { query: { ...filter, limit: PAGE_ROWS } })
      .then((answer) => {
        if (!current) return;
        setList(answer);
        setError(undefined);
      })
      .catch((reason: Error) => current && setError(reason));
    return () => void (current = false);
  }, [key, fetchCount]);
  const more = (): void => {
    if (!list?.next_cursor) return;
    fetchJson<DeadLetterPage>("/api/v1/dead-letters", {
      query: { ...filter, limit: PAGE_ROWS, cursor: list.next_cursor },
    })
      .then(({ items, next_cursor }) => setList({ items: [...list.items, ...items], next_cursor }))
      .catch(setError);
  };
  return { list, error, more, again: () => setFetchCount((before) => before + 1) };
}

function FilterForm({ filter, items }: { readonly filter: DeadLetterFilter; readonly items: readonly DeadLetter[] }) {
  const [typed, setTyped] = useState(filter);
  const applyFilter = (change: DeadLetterFilter): void => {
    const entries = Object.entries({ ...typed, ...change }).filter((entry): entry is [string, string] =>
      Boolean(entry[1]),
    );
    navigate(`/dead-letters${entries.length > 0 ? `?${new URLSearchParams(entries).toString()}` : ""}`);
  };
  const isFiltered = Object.values(filter).some(Boolean);
  return (
    <form
      class="filter-form"
      onSubmit={(event) => {
        event.preventDefault();
        applyFilter({});
      }}
    >
      <label>
        Code
        <input
          list="codes"
          value={typed.code ?? ""}
          maxLength={64}
          onInput={({ currentTarget: { value: code } }) => setTyped({ ...typed, code })}
        />
      </label>
      <datalist id="codes">
        {[...new Set(items.map(({ code }) => code))].map((code) => (
          <option key={code} value={code} />
        ))}
      </datalist>
      <label>
        Topic
        <input
          list="topics"
          value={typed.topic ?? ""}
          maxLength={255}
          onInput={({ currentTarget: { value: topic } }) => setTyped({ ...typed, topic })}
        />
      </label>
      <datalist id="topics">
        {[...new Set(items.map(({ topic }) => topic))].map((topic) => (
          <option key={topic} value={topic} />
        ))}
      </datalist>
      <label>
        Retried
        <select
          value={typed.retried ?? ""}
          onChange={({ currentTarget: { value: retried } }) => applyFilter({ retried })}
        >
          <option value="">all</option>
          <option value="false">not yet</option>
          <option value="true">retried</option>
        </select>
      </label>
      <button>Filter</button>
      {isFiltered && (
        <a href="/dead-letters" onClick={followLink}>
          Clear filters
        </a>
      )}
    </form>
  );
}

function NoDeadLetters({ filter }: { readonly filter: DeadLetterFilter }) {
  const isFiltered = Object.values(filter).some(Boolean);
  return (
    <p class="card">
      {isFiltered
        ? "No dead letters match these filters."
        : "No dead letters: every message was processed. One that can't be is kept here with its bytes and the " +
          "reason, and blocks nothing else."}
    </p>
  );
}
