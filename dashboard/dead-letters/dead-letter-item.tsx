import { useState } from "preact/hooks";
import type { DeadLetter, WholeDeadLetter } from "../../app/http/dead-letters/dead-letter-queries.ts";
import { Trouble } from "../shared/error-message.tsx";
import { ask } from "../shared/api.ts";
import { useAsked } from "../shared/use-api.ts";
import { bytesOf, hexDump } from "./hex-dump.ts";
import { pointedJson, pointersIn } from "./highlighted-json.ts";
import { Word } from "./confirm-with-reason.tsx";

interface LetterProps {
  readonly letter: DeadLetter;
  readonly onChanged: () => void;
}

/** One message that could not be taken; it unfolds to its bytes and to what can be done with it. */
export function Letter({ letter, onChanged }: LetterProps) {
  const [open, setOpen] = useState(false);
  const { code, topic, partition, offset, key, at, error, retried_at } = letter;
  return (
    <li>
      <details open={open} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
        <summary>
          <strong>{code}</strong> <time dateTime={at}>{new Date(at).toLocaleString()}</time>{" "}
          {retried_at !== null && <span class="retried">retried</span>}
          <br />
          <span class="place">
            {topic}[{partition}]@{offset} {key !== null && `key ${key}`}
          </span>
          <br />
          {error}
        </summary>
        {open && <Whole letter={letter} onChanged={onChanged} />}
      </details>
    </li>
  );
}

function Whole({ letter, onChanged }: LetterProps) {
  const path = `/api/v1/dead-letters/${letter.id}`;
  const { answer, error, again } = useAsked<WholeDeadLetter>(path);
  const changed = (): void => {
    again();
    onChanged();
  };
  return (
    <div class="whole">
      <Trouble error={error} what="Its bytes can't be shown" />
      <div class="choices">
        {letter.truncated ? (
          <p class="note">
            Of its {letter.value_bytes} bytes only the first 256 KiB were kept: send the original again.
          </p>
        ) : (
          <Word
            label={letter.retried_at === null ? "Retry" : "Retry once more"}
            note="It is published to its topic again, byte for byte. What fails again is a new dead letter."
            act={(reason) => ask(`${path}/retry`, { method: "POST", query: { reason: reason || undefined } })}
            onDone={changed}
          />
        )}
        <Word
          label="Drop"
          note="It is forgotten here; the journal and the dead letter topic keep theirs."
          needsReason
          act={(reason) => ask(path, { method: "DELETE", query: { reason } })}
          onDone={onChanged}
        />
      </div>
      {answer && <Content {...answer} />}
    </div>
  );
}

function Content({ headers, value, value_encoding, value_bytes, error, retried_at }: WholeDeadLetter) {
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
        <p class="note">It has none.</p>
      ) : (
        <Value value={value} encoding={value_encoding} pointers={pointersIn(error)} />
      )}
    </>
  );
}

const HEX_MAX = 4_096;

function Value({
  value,
  encoding,
  pointers,
}: {
  readonly value: string;
  readonly encoding: "utf8" | "base64";
  readonly pointers: readonly string[];
}) {
  const json = encoding === "utf8" ? parsed(value) : undefined;
  const kinds = [
    ...(json === undefined ? [] : (["JSON"] as const)),
    ...(encoding === "utf8" ? (["Text"] as const) : []),
    "Hex" as const,
  ];
  const [kind, setKind] = useState<"JSON" | "Text" | "Hex">(kinds[0] ?? "Hex");
  const bytes = kind === "Hex" ? bytesOf(value, encoding) : undefined;
  return (
    <>
      <div class="choices" role="group" aria-label="Shown as">
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
          pointedJson(json, pointers).map(({ text, lit }, index) => (
            <span key={index} class={lit ? "pointed" : ""}>
              {text}
              {lit && <span class="note"> ← here</span>}
              {"\n"}
            </span>
          ))}
      </pre>
    </>
  );
}

/** Undefined: no JSON, or so much that a line each would stop the page. */
function parsed(text: string): unknown {
  if (text.length > 100_000) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
