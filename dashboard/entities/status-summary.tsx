import type { Explanation } from "../../app/http/entities/explanation.ts";
import { useDomain } from "../domains/domain.ts";
import { formatDuration } from "../shared/format.ts";
import { Tries } from "./tries.tsx";
import { Link } from "../shared/router.tsx";

/** Why an entity is in its state, what it waits for, and what can change its state. */
export function StatusSummary({ explanation, nowMs }: { readonly explanation: Explanation; readonly nowMs: number }) {
  const { page } = useDomain();
  const { text, deadlines, intents, trouble, moved_by, dead_letters } = explanation;
  const pending = intents.filter(({ status }) => status === "pending");
  return (
    <section class="card status-summary" aria-label="Status">
      <p>{text}</p>
      {trouble.map((each) => (
        <p key={each} class="problem">
          {each}
        </p>
      ))}
      {(deadlines.length > 0 || pending.length > 0) && (
        <>
          <h2>Waiting for</h2>
          <ul>
            {deadlines.map(({ name, at, leads_to }) => (
              <li key={name}>
                deadline <strong>{name}</strong> {formatDue(Date.parse(at) - nowMs)}
                {leads_to.length > 0 && `, then ${leads_to.join(" or ")}`}
              </li>
            ))}
            {pending.map(({ id, type, target, asked_at, tries }) => (
              <li key={id}>
                <strong>{type}</strong> <code>{target}</code>, requested {formatAge(asked_at, nowMs)}
                <Tries tries={tries} />
              </li>
            ))}
          </ul>
        </>
      )}
      <h2>What can change its state</h2>
      {moved_by.length === 0 && <p>No transition leads out of this state.</p>}
      <ul>
        {moved_by.map(({ on, when, leads_to }) => (
          <li key={`${on} ${when} ${leads_to}`}>
            <strong>{on}</strong>
            {when && <> when {when}</>}, to {leads_to}
          </li>
        ))}
      </ul>
      {dead_letters.length > 0 && (
        <p>
          {dead_letters.length} of its messages became dead letters, the newest with {dead_letters[0]?.code}:{" "}
          <Link to={page("/dead-letters")}>dead letters</Link>
        </p>
      )}
    </section>
  );
}

const formatAge = (at: string, nowMs: number): string => `${formatDuration(nowMs - Date.parse(at))} ago`;
const formatDue = (leftMs: number): string =>
  leftMs > 0 ? `in ${formatDuration(leftMs)}` : `was due ${formatDuration(-leftMs)} ago`;
