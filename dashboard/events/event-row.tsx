import { Copy } from "./copy-button.tsx";
import { asCurl, asKcat } from "./shell-commands.ts";
import { follow } from "../shared/router.ts";
import { token } from "../shared/api.ts";
import type { TailRow } from "./event-tail.ts";
import { useState } from "preact/hooks";

interface EventRowProps {
  readonly row: TailRow;
  readonly topic: string | undefined;
}

const nodeOf = ({ envelope }: Pick<TailRow, "envelope">): string | undefined => {
  const id = envelope.payload["node_id"];
  return typeof id === "string" ? id : undefined;
};
const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

/** One event, which unfolds to its envelope. */
export function EventRow({ row, topic }: EventRowProps) {
  const [open, setOpen] = useState(false);
  const { type, envelope } = row;
  const nodeId = nodeOf(row);
  const at = textOf(envelope["envelope_timestamp"]);
  return (
    <li>
      <details open={open} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
        <summary>
          <time dateTime={at}>{at === "" ? "" : new Date(at).toLocaleTimeString()}</time> <strong>{type}</strong>{" "}
          <span class="event-node">{nodeId ?? ""}</span>
        </summary>
        {open && <Unfolded {...{ row, topic, nodeId }} />}
      </details>
    </li>
  );
}

function Unfolded({ row: { type, envelope }, topic, nodeId }: EventRowProps & { readonly nodeId: string | undefined }) {
  const withToken = token.get() !== null;
  const url = (path: string, query: Readonly<Record<string, string>>): URL =>
    new URL(`${path}?${new URLSearchParams(query).toString()}`, location.origin);
  return (
    <div class="unfolded">
      <p class="choices">
        {nodeId !== undefined && (
          <a href={`/nodes/${encodeURIComponent(nodeId)}`} onClick={follow}>
            {nodeId}
          </a>
        )}
        {nodeId !== undefined && (
          <Copy
            label="curl: its node's timeline"
            text={asCurl(url(`/api/v1/registrations/${encodeURIComponent(nodeId)}/timeline`, { order: "newest" }), {
              withToken,
            })}
          />
        )}
        <Copy
          label="curl: follow such events"
          text={asCurl(url("/api/v1/events/stream", { type, ...(nodeId !== undefined && { node_id: nodeId }) }), {
            stream: true,
            withToken,
          })}
        />
        {topic !== undefined && <Copy label="kcat" text={asKcat(topic, nodeId)} />}
      </p>
      <pre tabIndex={0} role="region" aria-label={`Envelope of ${type}`}>
        {JSON.stringify(envelope, null, 2)}
      </pre>
    </div>
  );
}
