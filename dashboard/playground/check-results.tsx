import type { ContractCheck } from "../../app/http/contracts/contract-check.routes.ts";
import type { ContractDiagnostic } from "../../app/http/contracts/contract-views.ts";
import { DiagnosticMessage } from "../contracts/contract-text.tsx";
import { followLink } from "../shared/router.ts";

type Exploration = NonNullable<ContractCheck["model"]>;
type ReplayPlan = NonNullable<ContractCheck["plan"]>;

/** What came of trying every course of a small world. */
export function ExplorationResult({ states, transitions, violations, untaken }: Exploration) {
  return (
    <section aria-label="All paths" class="check-result">
      <h3>All paths</h3>
      <p>
        {states.toLocaleString()} states visited by {transitions.toLocaleString()} transitions:{" "}
        {violations.length === 0 ? "no violations." : `${violations.length} violations.`}
      </p>
      {violations.map((violation, index) => (
        <div key={index}>
          <DiagnosticMessage {...violation} />
          <CounterexampleTable steps={violation.timeline ?? []} />
        </div>
      ))}
      {untaken.length > 0 && (
        <details>
          <summary>{untaken.length} transitions that no explored path took: nothing is said about them</summary>
          <ul>
            {untaken.map((each) => (
              <li key={each}>
                <code>{each}</code>
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}

function CounterexampleTable({ steps }: { readonly steps: NonNullable<ContractDiagnostic["timeline"]> }) {
  if (steps.length === 0) return null;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Shortest counterexample">
      <table class="plain">
        <caption class="note">Shortest counterexample</caption>
        <thead>
          <tr>
            <th scope="col">ms</th>
            <th scope="col">Message</th>
            <th scope="col">Orchestrator</th>
            <th scope="col">Reducer</th>
            <th scope="col">Events</th>
            <th scope="col">Reason</th>
          </tr>
        </thead>
        <tbody>
          {steps.map(({ atMs, message, orchestrator, reducer, events, reason }, index) => (
            <tr key={index}>
              <td>{atMs}</td>
              <td>{message}</td>
              <td>{orchestrator}</td>
              <td>{reducer}</td>
              <td>{events.join(", ")}</td>
              <td>{reason}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** What the journal, taken again, would have come to. */
export function PlanResult({ since, nodes, otherwise, unknown, same, found, notKnown, notes }: ReplayPlan) {
  return (
    <section aria-label="Replay of the journal" class="check-result">
      <h3>Replay of the journal</h3>
      <p>
        {nodes === 0
          ? `No node changed since ${new Date(since).toLocaleString()}.`
          : `${nodes} nodes since ${new Date(since).toLocaleString()}: ${otherwise} end differently, ${unknown} ` +
            `are unknown, ${same} end the same.`}
      </p>
      {notes.map((note) => (
        <p key={note} class="note">
          {note}
        </p>
      ))}
      <ul>
        {[...found, ...notKnown].map(({ entityId, recorded, planned, first, unknown: why }) => (
          <li key={entityId}>
            <a href={`/nodes/${encodeURIComponent(entityId)}`} onClick={followLink}>
              {entityId}
            </a>
            : {recorded.join(", ")}, now {why === null ? planned.join(", ") : `unknown: ${why}`}
            {first && (
              <span class="note">
                {" "}
                diverges at {new Date(first.at).toLocaleString()}, {first.type}: recorded{" "}
                {first.recorded?.state ?? "nothing"}, planned {first.planned?.state ?? "nothing"}
                {first.planned && ` (${first.planned.reason})`}
              </span>
            )}
          </li>
        ))}
      </ul>
      <p class="note">
        Inputs are replayed as recorded: what nodes would have answered to different events is not simulated.
      </p>
    </section>
  );
}
