import type { TroubleView } from "../../app/http/health/trouble-view.ts";
import { fetchJson } from "../shared/api.ts";
import { formatDateTime } from "../shared/format.ts";
import { ReasonForm } from "../shared/reason-form.tsx";
import { pathWithQuery } from "../shared/router.tsx";
import "./troubles.css";

const HOLDS: readonly TroubleView["code"][] = ["EXPIRY_HELD", "DELETIONS_HELD"];
const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

interface TroublesProps {
  readonly troubles: readonly TroubleView[];
  readonly onDone: () => void;
}

/** What an operator should know or do. */
export function Troubles({ troubles, onDone }: TroublesProps) {
  return (
    <ul class="troubles" aria-label="Troubles" aria-live="polite">
      {troubles.map(({ code, domain, subject, since, title, detail, remedy, blocks }) => (
        <li key={`${code} ${subject}`} class={blocks === "nothing" ? "" : "bad"}>
          <strong>{capitalized(title)}</strong>
          <p>
            Since {formatDateTime(since)}: {detail}
          </p>
          <p>{capitalized(remedy)}</p>
          {domain !== null && subject !== null && HOLDS.includes(code) && (
            <ReleaseHold domain={domain} subject={subject} onDone={onDone} />
          )}
        </li>
      ))}
    </ul>
  );
}

interface ReleaseHoldProps {
  readonly domain: string;
  readonly subject: string;
  readonly onDone: () => void;
}

function ReleaseHold({ domain, subject, onDone }: ReleaseHoldProps) {
  const release = async (reason: string): Promise<string> => {
    const path = `/api/v1/holds/${encodeURIComponent(domain)}/${encodeURIComponent(subject)}/release`;
    await fetchJson(pathWithQuery(path, { reason }), { method: "POST" });
    onDone();
    return "Released.";
  };
  return (
    <ReasonForm
      label="Release…"
      confirmLabel={`Release ${subject}`}
      failureTitle="Release failed"
      onConfirm={release}
    />
  );
}
