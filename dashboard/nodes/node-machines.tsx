import type { ContractGraph } from "../../app/http/contracts/contract-graph.ts";
import type { RegistrationView } from "../../app/http/entities/registration-view.ts";
import type { TimelineItem } from "../../app/http/entities/timeline.ts";
import { StateMachineDiagram } from "../diagrams/state-machine-diagram.tsx";
import { useApi } from "../shared/use-api.ts";
import { takenTransitions } from "./turns.ts";

interface NodeMachinesProps {
  readonly registration: RegistrationView;
  readonly items: readonly TimelineItem[];
}

/** Both machines, with the way that the present attempt took. */
export function NodeMachines({ registration, items }: NodeMachinesProps) {
  const { answer } = useApi<ContractGraph>("/api/v1/contracts/graph");
  const [orchestrator, reducer] = answer?.machines ?? [];
  const { registration_attempt_id: attemptId, state, reducer_state } = registration;
  return (
    <>
      {orchestrator && (
        <section class="card orchestrator" aria-label="Orchestrator">
          <h2>Orchestrator</h2>
          <StateMachineDiagram
            machine={orchestrator}
            current={state}
            path={takenTransitions(items, "orchestrator", attemptId)}
          />
        </section>
      )}
      {reducer && (
        <section class="card reducer" aria-label="Reducer">
          <h2>Reducer</h2>
          <StateMachineDiagram
            machine={reducer}
            current={reducer_state}
            path={takenTransitions(items, "reducer", attemptId)}
          />
        </section>
      )}
    </>
  );
}
