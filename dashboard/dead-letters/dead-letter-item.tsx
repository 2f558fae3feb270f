import { useState } from "preact/hooks";
import type { DeadLetter, DeadLetterDetail } from "../../app/http/dead-letters/dead-letter-queries.ts";
import { ErrorMessage } from "../shared/error-message.tsx";
import { fetchJson } from "../shared/api.ts";
import { useApi } from "../shared/use-api.ts";
import { bytesOf, hexDump } from "./hex-dump.ts";
import { highlightedJson, pointersIn } from "./highlighted-json.ts";
import { ConfirmWithReason } from "./confirm-with-reason.tsx";

interface DeadLetterItemProps {
  readonly deadLetter: DeadLetter;
  readonly onChanged: () => void;
}

/** One message that could not be taken; it unfolds to its bytes and to what can be done with it. */
export function DeadLetterItem({ deadLetter: letter, onChanged }: DeadLetterItemProps) {
  const [open, setOpen] = useState(false);
  const { code, topic, partition, offset, key, at, error, retried_at } = letter;
  return (
    <li>
      <details open={open} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
        <summary>
          <strong>{code}</strong> <time dateTime={at}>{new Date(at).toLocaleString()}</time>{" "}
          {retried_at !== null && <span class="retried">retried</span>}
          <br />
          <span class="record-position">
            {topic}[{partition}]@{offset} {key !== null && `key ${key}`}
          </span>
          <br />
          {error}
        </summary>
        {open && <DeadLetterDetails deadLetter={letter} onChanged={onChanged} />}
      </details>
    </li>
  );
}

function DeadLetterDetails({ deadLetter, onChanged }: DeadLetterItemProps) {
  const path = `/api/v1/dead-letters/${deadLetter.id}`;
  const { answer, error, refetch } = useApi<DeadLetterDetail>(path);
  const handleChanged = (): void => {
    refetch();
    onChanged();
  };
  return (
    <div class="dead-letter-details">
      <ErrorMessage error={error} title="Could not load the message" />
      <div class="choices">
        {deadLetter.truncated ? (
          <p class="note">
            Only the first 256 KiB of {deadLetter.value_bytes} bytes were kept: send the original message again.
          </p>
        ) : (
          <ConfirmWithReason
            label={deadLetter.retried_at === null ? "Retry" : "Retry again"}
            note="Publishes the message to its topic again, byte for byte. If it fails again, it becomes a new dead letter."
            onConfirm={(reason) =>
              fetchJson(`${path}/retry`, { method: "POST", query: { reason: reason || undefined } })
            }
            onDone={handleChanged}
          />
        )}
        <ConfirmWithReason
          label="Drop"
          note="Removes it from this list; the journal and the dead letter topic keep their copies."
          needsReason
          onConfirm={(reason) => fetchJson(path, { method: "DELETE", query: { reason } })}
          onDone={onChanged}
        />
      </div>
      {answer && <DeadLetterContent {...answer} />}
    </div>
  );
}

function DeadLetterContent({ headers, value, value_encoding, value_bytes, error, retried_at }: DeadLetterDetail) {
  const names = Object.keys(headers);
  return (
    <>
      {retried_at !== null && <p class="note">Retried {new Date(retried_at).toLocaleString()}.</p>}
      <h2>Headers</h2>
      {names.length === 0 && <p class="note">none</p>}
      {names.length > 0 && (
        <dl class="headers">
          {names.map((name) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{headers[name]}</dd>
            </div>
          ))}
        </dl>
      )}
      <h2>Value, {value_bytes} bytes</h2>
      {value === null ? (
        <p class="note">No value.</p>
      ) : (
        <ValueView value={value} encoding={value_encoding} pointers={pointersIn(error)} />
      )}
    </>
  );
}

const HEX_MAX = 4_096;

function ValueView({
  value,
  encoding,
  pointers,
}: {
  readonly value: string;
  readonly encoding: "utf8" | "base64";
  readonly pointers: readonly string[];
}) {
  const json = encoding === "utf8" ? parseJson(value) : undefined;
  const kinds = [
    ...(json === undefined ? [] : (["JSON"] as const)),
    ...(encoding === "utf8" ? (["Text"] as const) : []),
    "Hex" as const,
  ];
  const [kind, setKind] = useState<"JSON" | "Text" | "Hex">(kinds[0] ?? "Hex");
  const bytes = kind === "Hex" ? bytesOf(value, encoding) : undefined;
  return (
    <>
      <div class="choices" role="group" aria-label="Show as">
        {kinds.map((each) => (
          <button key={each} aria-pressed={each === kind} onClick={() => setKind(each)}>
            {each}
          </button>
        ))}
      </div>
      <pre tabIndex={0} role="region" aria-label={`Value as ${kind}`}>
        {kind === "Text" && value}
        {bytes &&
          hexDump(bytes.subarray(0, HEX_MAX)) +
            (bytes.length > HEX_MAX ? `\n… ${bytes.length - HEX_MAX} bytes more` : "")}
        {kind === "JSON" &&
          highlightedJson(json, pointers).map(({ text, isHighlighted }, index) => (
            <span key={index} class={isHighlighted ? "highlighted" : ""}>
              {text}
              {isHighlighted && <span class="note"> ← here</span>}
              {"\n"}
            </span>
          ))}
      </pre>
    </>
  );
}

/** Undefined: no JSON, or so much that a line each would stop the page. */
function parseJson(text: string): unknown {
  if (text.length > 100_000) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
