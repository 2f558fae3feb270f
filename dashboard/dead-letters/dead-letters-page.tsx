import { useState } from "preact/hooks";
import type { DeadLetter } from "../../app/http/dead-letters/dead-letters.ts";
import { useDomain } from "../domains/domain.ts";
import { fetchJson } from "../shared/api.ts";
import { ErrorMessage } from "../shared/error-message.tsx";
import { Form, SelectField, TextField } from "../shared/fields.tsx";
import type { ListPage } from "../shared/list-page.ts";
import { ReasonForm } from "../shared/reason-form.tsx";
import { Link, navigate, pathWithQuery, usePageLocation } from "../shared/router.tsx";
import { useApi } from "../shared/use-api.ts";
import { DeadLetterItem } from "./dead-letter-item.tsx";
import "../shared/filter-form.css";
import "./dead-letters-page.css";

const PAGE_ROWS = 100;

type DeadLetterPage = ListPage<DeadLetter>;
/** As in the address; an empty text is no filter. */
interface DeadLetterFilter extends Readonly<Record<string, string>> {
  readonly code: string;
  readonly topic: string;
  readonly retried: string;
}

/** Messages that could not be processed. */
export function Page() {
  const { searchParams } = usePageLocation();
  const param = (name: string): string => searchParams.get(name) ?? "";
  const filter: DeadLetterFilter = { code: param("code"), topic: param("topic"), retried: param("retried") };
  const isFiltered = Object.values(filter).some(Boolean);
  const { list, error, showOlder, refetch } = useDeadLetters(filter);
  const [status, setStatus] = useState("");
  const items = list?.items ?? [];
  const handleRetried = (text: string): void => {
    setStatus(text);
    refetch();
  };
  return (
    <div class="dead-letters-page">
      <h1>Dead letters</h1>
      <FilterForm key={JSON.stringify(filter)} filter={filter} isFiltered={isFiltered} items={items} />
      <ErrorMessage error={error} title={list ? "Showing the last known data" : "Could not load"} />
      {items.some(({ retried_at, truncated }) => retried_at === null && !truncated) && (
        <RetryAll filter={filter} onRetried={handleRetried} />
      )}
      <p role="status" class="note">
        {status}
      </p>
      {list?.items.length === 0 && <NoDeadLetters isFiltered={isFiltered} />}
      <ul class="dead-letters" aria-label="Dead letters, newest first">
        {items.map((letter) => (
          <DeadLetterItem key={letter.id} deadLetter={letter} onChanged={refetch} />
        ))}
      </ul>
      {list?.next_cursor != null && <button onClick={showOlder}>Show older</button>}
    </div>
  );
}

function useDeadLetters(filter: DeadLetterFilter) {
  const path = useDomain().api("/dead-letters");
  const query = { ...filter, limit: PAGE_ROWS };
  const first = useApi<DeadLetterPage>(pathWithQuery(path, query));
  const [longer, setLonger] = useState<{ readonly first: DeadLetterPage | undefined; readonly list: DeadLetterPage }>();
  const [olderError, setOlderError] = useState<Error>();
  // What was added to an earlier answer does not follow a new one.
  const list = longer?.first === first.answer ? longer?.list : first.answer;
  const showOlder = (): void => {
    if (!list?.next_cursor) return;
    fetchJson<DeadLetterPage>(pathWithQuery(path, { ...query, cursor: list.next_cursor }))
      .then(({ items, next_cursor }) =>
        setLonger({ first: first.answer, list: { items: [...list.items, ...items], next_cursor } }),
      )
      .catch(setOlderError);
  };
  return { list, error: first.error ?? olderError, showOlder, refetch: first.refetch };
}

interface RetryAllProps {
  readonly filter: DeadLetterFilter;
  readonly onRetried: (status: string) => void;
}

function RetryAll({ filter: { code, topic }, onRetried }: RetryAllProps) {
  const { api } = useDomain();
  const label = ["Retry all", [code, topic].filter(Boolean).join(" of ")].filter(Boolean).join(" ");
  const retry = async (reason: string): Promise<string> => {
    const { retried, left } = await fetchJson<{ retried: number; left: number }>(
      pathWithQuery(api("/dead-letters/retry"), { reason }),
      { method: "POST", body: { ...(code && { code }), ...(topic && { topic }) } },
    );
    const leftText = left === 0 ? "None are left." : `${left} are left: retry again for the next ones.`;
    onRetried(`${retried} were published again. ${leftText}`);
    return "";
  };
  return (
    <ReasonForm
      label={label}
      note={
        "Publishes those not retried yet to their topics again, oldest first, at most 500 at a time. Any that fail " +
        "again become new dead letters."
      }
      confirmLabel={`${label} now`}
      optional
      failureTitle="Retry failed"
      onConfirm={retry}
    />
  );
}

interface FilterFormProps {
  readonly filter: DeadLetterFilter;
  readonly isFiltered: boolean;
  readonly items: readonly DeadLetter[];
}

function FilterForm({ filter, isFiltered, items }: FilterFormProps) {
  const path = useDomain().page("/dead-letters");
  const [typed, setTyped] = useState(filter);
  const apply = (change: Partial<DeadLetterFilter>): void => navigate(pathWithQuery(path, { ...typed, ...change }));
  return (
    <Form class="filter-form" onSubmit={() => apply({})}>
      <TextField
        label="Code"
        value={typed.code}
        maxLength={64}
        suggestions={items.map(({ code }) => code)}
        onText={(code) => setTyped({ ...typed, code })}
      />
      <TextField
        label="Topic"
        value={typed.topic}
        maxLength={255}
        suggestions={items.map(({ topic }) => topic)}
        onText={(topic) => setTyped({ ...typed, topic })}
      />
      <SelectField
        label="Retried"
        value={typed.retried}
        options={[
          ["", "all"],
          ["false", "not yet"],
          ["true", "retried"],
        ]}
        onSelect={(retried) => apply({ retried })}
      />
      <button>Filter</button>
      {isFiltered && <Link to={path}>Clear filters</Link>}
    </Form>
  );
}

const NoDeadLetters = ({ isFiltered }: { readonly isFiltered: boolean }) => (
  <p class="card">
    {isFiltered
      ? "No dead letters match these filters."
      : "No dead letters: every message was processed. One that can't be is kept here with its bytes and the " +
        "reason, and blocks nothing else."}
  </p>
);
