import { type ColumnFacts, type CommonColumns } from "../domains/domain.ts";
import { EntityLink } from "../domains/entity-link.tsx";
import { capitalize, formatDuration } from "../shared/format.ts";
import { StateName } from "../shared/state-name.tsx";
import { nextDeadline } from "./next-deadline.ts";

/** The columns that make sense for any entity. */
export const commonColumns = ({ kindOf, nowMs }: ColumnFacts, entityWord: string): CommonColumns => ({
  id: { name: "id", title: capitalize(entityWord), cell: ({ id }) => <EntityLink id={id} tabIndex={-1} /> },
  state: { name: "state", title: "State", cell: ({ state }) => <StateName name={state} kind={kindOf(state)} /> },
  reducer: { name: "reducer", title: "Reducer", cell: ({ reducer_state }) => reducer_state },
  since: {
    name: "since",
    title: "In state for",
    cell: ({ state_since }) => formatDuration(nowMs - Date.parse(state_since)),
  },
  deadline: {
    name: "deadline",
    title: "Deadline",
    cell: (row) => {
      const due = nextDeadline(row, nowMs);
      return due && (due.leftMs > 0 ? `${due.name} in ${formatDuration(due.leftMs)}` : `${due.name} is due`);
    },
  },
});
