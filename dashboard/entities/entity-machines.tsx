import type { ContractGraph } from "../../app/http/contracts/contract-graph.ts";
import type { EntityView } from "../../app/http/entities/entity-view.ts";
import type { TimelineItem } from "../../app/http/entities/timeline.ts";
import { StateMachineDiagram } from "../diagrams/state-machine-diagram.tsx";
import { useDomainApi } from "../domains/domain.ts";
import { takenTransitions } from "./turns.ts";

interface EntityMachinesProps {
  readonly entity: EntityView;
  readonly items: readonly TimelineItem[];
}

/** Both state machines, with the transitions that the current attempt took. */
export function EntityMachines({ entity: { attempt_id, state, reducer_state }, items }: EntityMachinesProps) {
  const { answer } = useDomainApi<ContractGraph>("/contracts/graph");
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
          <StateMachineDiagram machine={machine} current={current} path={takenTransitions(items, name, attempt_id)} />
        </section>
      )
    );
  });
}
