import type { MachineGraph } from "../../app/http/contracts/contract-graph.ts";
import { ScrollTable } from "../shared/scroll-table.tsx";
import type { TransitionKey } from "./transition-arrows.ts";

interface TransitionTableProps {
  readonly machine: MachineGraph;
  /** The transitions that were taken. */
  readonly path: readonly TransitionKey[];
}

export function TransitionTable({ machine, path }: TransitionTableProps) {
  const hasPath = path.length > 0;
  const isTaken = ({ from, trigger, to }: TransitionKey) =>
    path.some((step) => step.from === from && step.trigger === trigger && step.to === to);
  return (
    <details>
      <summary>{machine.name} as a table</summary>
      <ScrollTable
        label={`Table of ${machine.name}`}
        columns={["From", "On", "To", "When", "Actions", ...(hasPath ? ["Taken"] : [])]}
      >
        {machine.transitions.map((transition, index) => (
          <tr key={index}>
            <td>{transition.from}</td>
            <td>{transition.trigger}</td>
            <td>{transition.to}</td>
            <td>{transition.conditions.join(" and ")}</td>
            <td>{transition.actions.join(", ")}</td>
            {hasPath && <td>{isTaken(transition) ? "yes" : ""}</td>}
          </tr>
        ))}
      </ScrollTable>
    </details>
  );
}
