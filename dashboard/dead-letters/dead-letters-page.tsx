import { useEffect, useState } from "preact/hooks";
import type { DeadLetter } from "../../app/http/dead-letters/dead-letter-queries.ts";
import { Letter } from "./dead-letter-item.tsx";
import { Word } from "./confirm-with-reason.tsx";
import { Trouble } from "../shared/error-message.tsx";
import { follow, go, usePlace } from "../shared/router.ts";
import { ask } from "../shared/api.ts";
import "../shared/filter-form.css";
import "./dead-letters-page.css";

const PAGE = 100;

interface List {
  readonly items: readonly DeadLetter[];
  readonly next_cursor: string | null;
}
interface Filter {
  readonly code?: string | undefined;
  readonly topic?: string | undefined;
  readonly retried?: string | undefined;
}

/** Messages that could not be taken. */
export function DeadLetters() {
  const { query } = usePlace();
  const of = (name: string): string | undefined => query.get(name) || undefined;
  const filter: Filter = { code: of("code"), topic: of("topic"), retried: of("retried") };
  const { list, error, more, again } = useLetters(filter);
  const [said, setSaid] = useState("");
  const kind = [filter.code, filter.topic].filter(Boolean).join(" of ");
  const waiting = list?.items.filter(({ retried_at, truncated }) => retried_at === null && !truncated).length ?? 0;
  return (
    <>
      <h1>Dead letters</h1>
      <FilterForm key={JSON.stringify(filter)} filter={filter} items={list?.items ?? []} />
      <Trouble error={error} what={list ? "This is from before" : "Nothing to show"} />
      {waiting > 0 && (
        <Word
          label={kind === "" ? "Retry all" : `Retry all ${kind}`}
          note="Those not retried yet are published to their topics again, the oldest first, at most 500 at once. What fails again is a new dead letter."
          act={(reason) =>
            ask("/api/v1/dead-letters/retry", {
              method: "POST",
              query: { reason: reason || undefined },
              body: { ...(filter.code && { code: filter.code }), ...(filter.topic && { topic: filter.topic }) },
            })
          }
          onDone={(answer) => {
            const { retried, left } = answer as { retried: number; left: number };
            setSaid(
              `${retried} were published again. ` +
                `${left === 0 ? "None is left." : `${left} are left: retry all again for the next.`}`,
            );
            again();
          }}
        />
      )}
      <p role="status" class="note">
        {said}
      </p>
      {list?.items.length === 0 && <Empty filter={filter} />}
      <ul class="letters" aria-label="Dead letters, newest first">
        {list?.items.map((letter) => (
          <Letter key={letter.id} letter={letter} onChanged={again} />
        ))}
      </ul>
      {list?.next_cursor != null && <button onClick={more}>Show older ones</button>}
    </>
  );
}

function useLetters(filter: Filter) {
  const [list, setList] = useState<List>();
  const [error, setError] = useState<Error>();
  const [turn, setTurn] = useState(0);
  const key = JSON.stringify(filter);
  useEffect(() => {
    let current = true;
    ask<List>("/api/v1/dead-letters", { query: { ...filter, limit: PAGE } })
      .then((answer) => {
        if (!current) return;
        setList(answer);
        setError(undefined);
      })
      .catch((reason: Error) => current && setError(reason));
    return () => void (current = false);
  }, [key, turn]);
  const more = (): void => {
    if (!list?.next_cursor) return;
    ask<List>("/api/v1/dead-letters", { query: { ...filter, limit: PAGE, cursor: list.next_cursor } })
      .then(({ items, next_cursor }) => setList({ items: [...list.items, ...items], next_cursor }))
      .catch(setError);
  };
  return { list, error, more, again: () => setTurn((before) => before + 1) };
}

function FilterForm({ filter, items }: { readonly filter: Filter; readonly items: readonly DeadLetter[] }) {
  const [typed, setTyped] = useState(filter);
  const set = (change: Filter): void => {
    const entries = Object.entries({ ...typed, ...change }).filter((entry): entry is [string, string] =>
      Boolean(entry[1]),
    );
    go(`/dead-letters${entries.length > 0 ? `?${new URLSearchParams(entries).toString()}` : ""}`);
  };
  const isFiltered = Object.values(filter).some(Boolean);
  return (
    <form
      class="filter"
      onSubmit={(event) => {
        event.preventDefault();
        set({});
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
        <select value={typed.retried ?? ""} onChange={({ currentTarget: { value: retried } }) => set({ retried })}>
          <option value="">all</option>
          <option value="false">not yet</option>
          <option value="true">retried</option>
        </select>
      </label>
      <button>Filter</button>
      {isFiltered && (
        <a href="/dead-letters" onClick={follow}>
          All dead letters
        </a>
      )}
    </form>
  );
}

function Empty({ filter }: { readonly filter: Filter }) {
  const isFiltered = Object.values(filter).some(Boolean);
  return (
    <p class="card">
      {isFiltered
        ? "No dead letter fits these filters."
        : "There are none: every message could be taken. One that can't is kept here with its bytes and the " +
          "reason, and holds nothing up."}
    </p>
  );
}
