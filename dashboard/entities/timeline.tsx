import type { TimelineItem } from "../../app/http/entities/timeline.ts";
import { formatExactTime } from "../shared/format.ts";
import { Tries } from "./tries.tsx";
import { type Turn, groupIntoTurns } from "./turns.ts";

interface TimelineProps {
  readonly items: readonly TimelineItem[];
  /** Whether these are all that there are. */
  readonly isComplete: boolean;
  /** The day with which older lines were dropped; null: none were. */
  readonly droppedOn: string | null;
}

/** What happened to an entity, newest first. */
export function Timeline({ items, isComplete, droppedOn }: TimelineProps) {
  return (
    <section class="card" aria-label="Timeline">
      <h2>
        Timeline <span class="note">newest first</span>
      </h2>
      <ol class="turns" reversed>
        {groupIntoTurns(items)
          .reverse()
          .map((turn) => (
            <TurnItem key={`${turn.cause.partition} ${turn.cause.seq}`} turn={turn} />
          ))}
      </ol>
      {!isComplete && (
        <p class="note">Showing the latest {items.length} lines; the timeline API has the earlier ones.</p>
      )}
      {droppedOn !== null && <p class="note">What is older was dropped from the journal with {droppedOn}.</p>}
    </section>
  );
}

const KIND_TEXTS: Readonly<Partial<Record<TimelineItem["kind"], string>>> = {
  repeat: "duplicate, processed before",
  dead_letter: "became a dead letter",
};

function TurnItem({ turn: { cause, events, intents } }: { readonly turn: Turn }) {
  const { at, kind, type, result, reason, note, moves, state, caller, operation } = cause;
  return (
    <li class={["no_op", "absorbed", "declined"].includes(result ?? "") ? "quiet" : undefined}>
      <p class="cause">
        <time dateTime={at}>{formatExactTime(at)}</time> <strong>{type ?? KIND_TEXTS[kind] ?? kind}</strong>
        {KIND_TEXTS[kind] && type && <span class="note"> {KIND_TEXTS[kind]}</span>}
        {operation && (
          <span class="note">
            {" "}
            {operation} by {caller || "nobody in particular"}
          </span>
        )}
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
            <span class="note">requested</span> {name} <code>{target}</code>: {became ?? "pending"}
          </p>
          <Tries tries={tries} />
        </div>
      ))}
      <details>
        <summary>Journal lines</summary>
        <pre tabIndex={0}>
          {JSON.stringify([cause, ...events.map(({ envelope: _apart, ...event }) => event)], null, 2)}
        </pre>
        {events.map(({ type: name, message_id, topic, envelope }) => (
          <div key={message_id}>
            <p class="note">
              Envelope of {name} as published to {topic}
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
