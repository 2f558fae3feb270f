import type { TroubleView } from "../../app/http/health/trouble-view.ts";
import { useDomain } from "../domains/domain.ts";
import { fetchJson } from "../shared/api.ts";
import { capitalize, formatDateTime } from "../shared/format.ts";
import { ReasonForm } from "../shared/reason-form.tsx";
import { pathWithQuery } from "../shared/router.tsx";
import "./troubles.css";

const HOLDS: readonly TroubleView["code"][] = ["EXPIRY_HELD", "DELETIONS_HELD"];

interface TroublesProps {
  readonly troubles: readonly TroubleView[];
  readonly onDone: () => void;
}

/** What an operator should know or do; also of domains that have no page here, because nobody serves them. */
export function Troubles({ troubles, onDone }: TroublesProps) {
  const { name } = useDomain();
  return (
    <ul class="troubles" aria-label="Troubles" aria-live="polite">
      {troubles.map(({ code, domain, subject, since, title, detail, remedy, blocks }) => (
        <li key={`${code} ${domain} ${subject}`} class={blocks === "nothing" ? "" : "bad"}>
          <strong>{domain === null || domain === name ? capitalize(title) : `${domain}: ${title}`}</strong>
          <p>
            Since {formatDateTime(since)}: {detail}
          </p>
          <p>{capitalize(remedy)}</p>
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
  const { api } = useDomain();
  const release = async (reason: string): Promise<string> => {
    const path = api(`/holds/${encodeURIComponent(domain)}/${encodeURIComponent(subject)}/release`);
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
