import type { ContractCheck } from "../../app/http/contracts/contract-check.routes.ts";
import type { ContractDiagnostic } from "../../app/http/contracts/contract-views.ts";
import { Diagnostic } from "../contracts/contract-text.tsx";
import { follow } from "../shared/router.ts";

type Model = NonNullable<ContractCheck["model"]>;
type Plan = NonNullable<ContractCheck["plan"]>;

/** What came of trying every course of a small world. */
export function ModelResult({ states, transitions, violations, untaken }: Model) {
  return (
    <section aria-label="Every course" class="result">
      <h3>Every course</h3>
      <p>
        {states.toLocaleString()} states visited by {transitions.toLocaleString()} transitions:{" "}
        {violations.length === 0 ? "nothing goes wrong in any of them." : `${violations.length} go wrong.`}
      </p>
      {violations.map((violation, index) => (
        <div key={index}>
          <Diagnostic {...violation} />
          <Timeline steps={violation.timeline ?? []} />
        </div>
      ))}
      {untaken.length > 0 && (
        <details>
          <summary>{untaken.length} transitions that no course took: nothing is said about them</summary>
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

function Timeline({ steps }: { readonly steps: NonNullable<ContractDiagnostic["timeline"]> }) {
  if (steps.length === 0) return null;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="The shortest way there">
      <table class="plain">
        <caption class="note">The shortest way there</caption>
        <thead>
          <tr>
            <th scope="col">ms</th>
            <th scope="col">Message</th>
            <th scope="col">Orchestrator</th>
            <th scope="col">Reducer</th>
            <th scope="col">Events</th>
            <th scope="col">Because</th>
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
export function PlanResult({ since, nodes, otherwise, unknown, same, found, notKnown, notes }: Plan) {
  return (
    <section aria-label="The journal, taken again" class="result">
      <h3>The journal, taken again</h3>
      <p>
        {nodes === 0
          ? `No node had a step since ${new Date(since).toLocaleString()}.`
          : `${nodes} nodes since ${new Date(since).toLocaleString()}: ${otherwise} end otherwise, ${unknown} ` +
            `can't be known, ${same} end the same.`}
      </p>
      {notes.map((note) => (
        <p key={note} class="note">
          {note}
        </p>
      ))}
      <ul>
        {[...found, ...notKnown].map(({ entityId, recorded, planned, first, unknown: why }) => (
          <li key={entityId}>
            <a href={`/nodes/${encodeURIComponent(entityId)}`} onClick={follow}>
              {entityId}
            </a>
            : {recorded.join(", ")}, now {why === null ? planned.join(", ") : `unknown: ${why}`}
            {first && (
              <span class="note">
                {" "}
                parts at {new Date(first.at).toLocaleString()}, {first.type}: recorded{" "}
                {first.recorded?.state ?? "nothing"}, planned {first.planned?.state ?? "nothing"}
                {first.planned && ` (${first.planned.reason})`}
              </span>
            )}
          </li>
        ))}
      </ul>
      <p class="note">Inputs are taken as recorded: what nodes would have answered to other events is not guessed.</p>
    </section>
  );
}
