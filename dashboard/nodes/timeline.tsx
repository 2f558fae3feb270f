import type { TimelineItem } from "../../app/http/entities/timeline.ts";
import { timeOf } from "../shared/format-time.ts";
import { Tries } from "./tries.tsx";
import { type Turn, turnsOf } from "./turns.ts";

/** What happened to a node, the latest first. */
export function Timeline({ items, whole }: { readonly items: readonly TimelineItem[]; readonly whole: boolean }) {
  return (
    <section class="card" aria-label="Timeline">
      <h2>
        Timeline <span class="note">the latest first</span>
      </h2>
      <ol class="turns" reversed>
        {turnsOf(items)
          .reverse()
          .map((turn) => (
            <TurnShown key={`${turn.cause.partition} ${turn.cause.seq}`} turn={turn} />
          ))}
      </ol>
      {!whole && <p class="note">These are the latest {items.length} rows. The API's timeline has the earlier ones.</p>}
    </section>
  );
}

const NAMED: Readonly<Partial<Record<TimelineItem["kind"], string>>> = {
  repeat: "a repeat, taken before",
  rekeyed: "sent on to its own partition",
  dead_letter: "became a dead letter",
  gap: "messages were gone from the log",
};

function TurnShown({ turn: { cause, events, intents } }: { readonly turn: Turn }) {
  const { at, kind, type, result, reason, note, moves, state } = cause;
  return (
    <li class={result === "no_op" || result === "absorbed" ? "quiet" : undefined}>
      <p class="cause">
        <time dateTime={at}>{timeOf(at)}</time> <strong>{type ?? NAMED[kind] ?? kind}</strong>
        {NAMED[kind] && type && <span class="note"> {NAMED[kind]}</span>}
        {note && <span class="note"> ({note})</span>}
      </p>
      {reason && (
        <p>
          {result && <span class="result">{result.replace("_", "-")}</span>} {reason}
        </p>
      )}
      {moves.some(({ machine, from, to }) => machine === "orchestrator" && from !== to) && <p>to {state}</p>}
      {cause.events.length > 0 && (
        <p>
          <span class="note">published</span> {cause.events.map(({ type: name }) => name).join(", ")}
        </p>
      )}
      {intents.map(({ id, type: name, target, note: became, tries }) => (
        <div key={id}>
          <p>
            <span class="note">asked</span> {name} <code>{target}</code>: {became ?? "not done yet"}
          </p>
          <Tries tries={tries} />
        </div>
      ))}
      <details>
        <summary>As it lies in the journal</summary>
        <pre tabIndex={0}>
          {JSON.stringify([cause, ...events.map(({ envelope: _apart, ...event }) => event)], null, 2)}
        </pre>
        {events.map(({ type: name, message_id, topic, envelope }) => (
          <div key={message_id}>
            <p class="note">
              The envelope of {name} as it was published to {topic}
            </p>
            <pre tabIndex={0} role="region" aria-label={`Envelope of ${name ?? ""}`}>
              {envelope}
            </pre>
          </div>
        ))}
      </details>
    </li>
  );
}
