import { useState } from "preact/hooks";
import type { DeadLetter, DeadLetterDetail } from "../../app/http/dead-letters/dead-letters.ts";
import { useDomain } from "../domains/domain.ts";
import { fetchJson } from "../shared/api.ts";
import { ErrorMessage } from "../shared/error-message.tsx";
import { formatDateTime } from "../shared/format.ts";
import { ReasonForm } from "../shared/reason-form.tsx";
import { pathWithQuery } from "../shared/router.tsx";
import { useApi } from "../shared/use-api.ts";
import { DeadLetterValue } from "./dead-letter-value.tsx";

interface DeadLetterItemProps {
  readonly deadLetter: DeadLetter;
  readonly onChanged: () => void;
}

/** One message that could not be processed. It unfolds to its content and to what can be done with it. */
export function DeadLetterItem({ deadLetter, onChanged }: DeadLetterItemProps) {
  const [open, setOpen] = useState(false);
  const { code, topic, partition, offset, key, at, error, retried_at } = deadLetter;
  return (
    <li>
      <details open={open} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
        <summary>
          <strong>{code}</strong> <time dateTime={at}>{formatDateTime(at)}</time>{" "}
          {retried_at !== null && <span class="retried">retried</span>}
          <br />
          <span class="record-position">
            {topic}[{partition}]@{offset} {key !== null && `key ${key}`}
          </span>
          <br />
          {error}
        </summary>
        {open && <DeadLetterDetails deadLetter={deadLetter} onChanged={onChanged} />}
      </details>
    </li>
  );
}

function DeadLetterDetails({ deadLetter, onChanged }: DeadLetterItemProps) {
  const path = useDomain().api(`/dead-letters/${deadLetter.id}`);
  const { answer, error, refetch } = useApi<DeadLetterDetail>(path);
  const retry = async (reason: string): Promise<string> => {
    await fetchJson(pathWithQuery(`${path}/retry`, { reason }), { method: "POST" });
    refetch();
    onChanged();
    return "Published again.";
  };
  const drop = async (reason: string): Promise<string> => {
    await fetchJson(pathWithQuery(path, { reason }), { method: "DELETE" });
    onChanged();
    return "Dropped.";
  };
  const retryLabel = deadLetter.retried_at === null ? "Retry" : "Retry again";
  return (
    <div class="dead-letter-details">
      <ErrorMessage error={error} title="Could not load the message" />
      <div class="choices">
        {deadLetter.truncated ? (
          <p class="note">
            Only the first 256 KiB of {deadLetter.value_bytes} bytes were kept: send the original message again.
          </p>
        ) : (
          <ReasonForm
            label={retryLabel}
            note={
              "Publishes the message to its topic again, byte for byte. If it fails again, it becomes a new dead " +
              "letter."
            }
            confirmLabel={`${retryLabel} now`}
            optional
            failureTitle="Retry failed"
            onConfirm={retry}
          />
        )}
        <ReasonForm
          label="Drop"
          note="Removes it from this list; the journal and the dead letter topic keep their copies."
          confirmLabel="Drop now"
          failureTitle="Drop failed"
          onConfirm={drop}
        />
      </div>
      {answer && <DeadLetterContent {...answer} />}
    </div>
  );
}

function DeadLetterContent({ headers, value, value_encoding, value_bytes, error, retried_at }: DeadLetterDetail) {
  const entries = Object.entries(headers);
  return (
    <>
      {retried_at !== null && <p class="note">Retried {formatDateTime(retried_at)}.</p>}
      <h2>Headers</h2>
      {entries.length === 0 && <p class="note">none</p>}
      {entries.length > 0 && (
        <dl class="headers">
          {entries.map(([name, text]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{text}</dd>
            </div>
          ))}
        </dl>
      )}
      <h2>Value, {value_bytes} bytes</h2>
      {value === null ? (
        <p class="note">No value.</p>
      ) : (
        <DeadLetterValue value={value} encoding={value_encoding} error={error} />
      )}
    </>
  );
}
