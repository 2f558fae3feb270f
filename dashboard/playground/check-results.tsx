import type { ContractCheck } from "../../app/http/contracts/contract-check.routes.ts";
import type { ContractDiagnostic } from "../../app/http/contracts/contracts.routes.ts";
import { DiagnosticMessage } from "../contracts/diagnostic-message.tsx";
import { useDomain } from "../domains/domain.ts";
import { EntityLink } from "../domains/entity-link.tsx";
import { formatDateTime } from "../shared/format.ts";
import { ScrollTable } from "../shared/scroll-table.tsx";

type Exploration = NonNullable<ContractCheck["model"]>;
type ReplayPlan = NonNullable<ContractCheck["plan"]>;

/** The result of exploring every order of messages, deadlines and failures in a small model. */
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
          <summary>{untaken.length} transitions were not taken on any explored path, so they are not checked</summary>
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
    <>
      <p class="note">Shortest counterexample</p>
      <ScrollTable
        label="Shortest counterexample"
        columns={["ms", "Message", "Orchestrator", "Reducer", "Events", "Reason"]}
      >
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
      </ScrollTable>
    </>
  );
}

/** The result of replaying the journal with the edited contracts. */
export function PlanResult({ since, entities, otherwise, unknown, same, found, notKnown, notes }: ReplayPlan) {
  const { words } = useDomain();
  return (
    <section aria-label="Replay of the journal" class="check-result">
      <h3>Replay of the journal</h3>
      <p>
        {entities === 0
          ? `No ${words.entity} changed since ${formatDateTime(since)}.`
          : `${entities} ${words.entities} since ${formatDateTime(since)}: ${otherwise} end differently, ${unknown} ` +
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
            <EntityLink id={entityId} />: {recorded.join(", ")}, now{" "}
            {why === null ? planned.join(", ") : `unknown: ${why}`}
            {first && (
              <span class="note">
                {" "}
                diverges at {formatDateTime(first.at)}, {first.type}: recorded {first.recorded?.state ?? "nothing"},
                planned {first.planned?.state ?? "nothing"}
                {first.planned && ` (${first.planned.reason})`}
              </span>
            )}
          </li>
        ))}
      </ul>
      <p class="note">
        Inputs are replayed as recorded: what {words.entities} would have answered to different events is not simulated.
      </p>
    </section>
  );
}
