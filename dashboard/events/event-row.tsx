import { useState } from "preact/hooks";
import { useDomain } from "../domains/domain.ts";
import { EntityLink } from "../domains/entity-link.tsx";
import { apiToken } from "../shared/api.ts";
import { formatClockTime } from "../shared/format.ts";
import { pathWithQuery } from "../shared/router.tsx";
import { CopyButton } from "./copy-button.tsx";
import type { TailedEvent } from "./event-tail.ts";
import { curlCommand, kcatCommand } from "./shell-commands.ts";

interface EventRowProps {
  readonly row: TailedEvent;
  readonly topic: string | undefined;
}

const stringOrUndefined = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

/** One event, which unfolds to its envelope. */
export function EventRow({ row, topic }: EventRowProps) {
  const [open, setOpen] = useState(false);
  const { type, envelope } = row;
  const entityId = stringOrUndefined(envelope.payload[useDomain().entityIdField]);
  const at = stringOrUndefined(envelope["envelope_timestamp"]);
  return (
    <li>
      <details open={open} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
        <summary>
          <time dateTime={at}>{at && formatClockTime(at)}</time> <strong>{type}</strong>{" "}
          <span class="event-entity">{entityId}</span>
        </summary>
        {open && <EventDetails {...{ row, topic, entityId }} />}
      </details>
    </li>
  );
}

interface EventDetailsProps extends EventRowProps {
  readonly entityId: string | undefined;
}

function EventDetails({ row: { type, envelope }, topic, entityId }: EventDetailsProps) {
  const { api, words } = useDomain();
  const withToken = apiToken.get() !== null;
  const curl = (path: string, query: Parameters<typeof pathWithQuery>[1], stream = false): string =>
    curlCommand(new URL(pathWithQuery(path, query), location.origin), { stream, withToken });
  return (
    <div class="event-details">
      <p class="choices">
        {entityId !== undefined && (
          <>
            <EntityLink id={entityId} />
            <CopyButton
              label={`Copy curl: timeline of this ${words.entity}`}
              text={curl(api(`/entities/${encodeURIComponent(entityId)}/timeline`), {})}
            />
          </>
        )}
        <CopyButton
          label="Copy curl: follow these events"
          text={curl(api("/events/stream"), { type, entity_id: entityId }, true)}
        />
        {topic !== undefined && <CopyButton label="Copy kcat" text={kcatCommand(topic, entityId)} />}
      </p>
      <pre tabIndex={0} role="region" aria-label={`Envelope of ${type}`}>
        {JSON.stringify(envelope, null, 2)}
      </pre>
    </div>
  );
}
