import { CopyButton } from "./copy-button.tsx";
import { curlCommand, kcatCommand } from "./shell-commands.ts";
import { followLink } from "../shared/router.ts";
import { apiToken } from "../shared/api.ts";
import type { TailedEvent } from "./event-tail.ts";
import { useState } from "preact/hooks";

interface EventRowProps {
  readonly row: TailedEvent;
  readonly topic: string | undefined;
}

const nodeIdOf = ({ envelope }: Pick<TailedEvent, "envelope">): string | undefined => {
  const id = envelope.payload["node_id"];
  return typeof id === "string" ? id : undefined;
};
const stringOrEmpty = (value: unknown): string => (typeof value === "string" ? value : "");

/** One event, which unfolds to its envelope. */
export function EventRow({ row, topic }: EventRowProps) {
  const [open, setOpen] = useState(false);
  const { type, envelope } = row;
  const nodeId = nodeIdOf(row);
  const at = stringOrEmpty(envelope["envelope_timestamp"]);
  return (
    <li>
      <details open={open} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
        <summary>
          <time dateTime={at}>{at === "" ? "" : new Date(at).toLocaleTimeString()}</time> <strong>{type}</strong>{" "}
          <span class="event-node">{nodeId ?? ""}</span>
        </summary>
        {open && <EventDetails {...{ row, topic, nodeId }} />}
      </details>
    </li>
  );
}

function EventDetails({
  row: { type, envelope },
  topic,
  nodeId,
}: EventRowProps & { readonly nodeId: string | undefined }) {
  const withToken = apiToken.get() !== null;
  const url = (path: string, query: Readonly<Record<string, string>>): URL =>
    new URL(`${path}?${new URLSearchParams(query).toString()}`, location.origin);
  return (
    <div class="event-details">
      <p class="choices">
        {nodeId !== undefined && (
          <a href={`/nodes/${encodeURIComponent(nodeId)}`} onClick={followLink}>
            {nodeId}
          </a>
        )}
        {nodeId !== undefined && (
          <CopyButton
            label="Copy curl: timeline of this node"
            text={curlCommand(
              url(`/api/v1/registrations/${encodeURIComponent(nodeId)}/timeline`, { order: "newest" }),
              {
                withToken,
              },
            )}
          />
        )}
        <CopyButton
          label="Copy curl: follow these events"
          text={curlCommand(url("/api/v1/events/stream", { type, ...(nodeId !== undefined && { node_id: nodeId }) }), {
            stream: true,
            withToken,
          })}
        />
        {topic !== undefined && <CopyButton label="Copy kcat" text={kcatCommand(topic, nodeId)} />}
      </p>
      <pre tabIndex={0} role="region" aria-label={`Envelope of ${type}`}>
        {JSON.stringify(envelope, null, 2)}
      </pre>
    </div>
  );
}
