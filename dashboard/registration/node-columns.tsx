import type { RegistrationView } from "../../app/modules/registration/registration-view.ts";
import type { ColumnFacts, CommonColumns, EntityColumn, EntityRow } from "../domains/domain.ts";
import { formatDuration } from "../shared/format.ts";
import { lastHeartbeat } from "./last-heartbeat.ts";
import "./node-columns.css";

const nodeOf = ({ data }: EntityRow) => (data as Partial<Pick<RegistrationView, "node">>).node;

export const nodeColumns = (
  { id, state, since, deadline }: CommonColumns,
  { kindOf, nowMs }: ColumnFacts,
): readonly EntityColumn[] => [
  {
    ...id,
    cell: (row) => (
      <>
        {id.cell(row)} <span class="note">{nodeOf(row)?.node_name}</span>
      </>
    ),
  },
  state,
  since,
  {
    name: "heartbeat",
    title: "Last heartbeat",
    cell: (row) => {
      const beat = kindOf(row.state) === "live" ? lastHeartbeat(row, nowMs) : undefined;
      return beat && <span class={beat.urgency}>{formatDuration(beat.agoMs)} ago</span>;
    },
  },
  deadline,
  { name: "type", title: "Type", cell: (row) => nodeOf(row)?.node_type },
  { name: "capabilities", title: "Capabilities", cell: (row) => nodeOf(row)?.capabilities.join(", ") },
];
