import type { ContractGraph } from "../../app/http/contracts/contract-graph.ts";
import type {
  RegistrationTimelineItem as TimelineItem,
  RegistrationView,
} from "../../app/modules/registration/registration-view.ts";
import { StateMachineDiagram } from "../diagrams/state-machine-diagram.tsx";
import { useApi } from "../shared/use-api.ts";
import { takenTransitions } from "./turns.ts";

interface NodeMachinesProps {
  readonly registration: RegistrationView;
  readonly items: readonly TimelineItem[];
}

/** Both state machines, with the transitions that the current attempt took. */
export function NodeMachines({ registration, items }: NodeMachinesProps) {
  const { answer } = useApi<ContractGraph>("/api/v1/contracts/graph");
  const { registration_attempt_id: attemptId, state, reducer_state } = registration;
  const machines = [
    { name: "orchestrator", title: "Orchestrator", current: state },
    { name: "reducer", title: "Reducer", current: reducer_state },
  ];
  return machines.map(({ name, title, current }, index) => {
    const machine = answer?.machines[index];
    return (
      machine && (
        <section key={name} class={`card ${name}`} aria-label={title}>
          <h2>{title}</h2>
          <StateMachineDiagram machine={machine} current={current} path={takenTransitions(items, name, attemptId)} />
        </section>
      )
    );
  });
}
