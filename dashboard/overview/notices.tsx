import type { Notice } from "../../app/http/health/troubles.ts";
import { useDomain } from "../domains/domain.ts";
import { fetchJson } from "../shared/api.ts";
import { ReasonForm } from "../shared/reason-form.tsx";
import { pathWithQuery } from "../shared/router.tsx";
import "./notices.css";

/** What an operator should know or do. */
export function Notices({ notices, onDone }: { readonly notices: readonly Notice[]; readonly onDone: () => void }) {
  return (
    <ul class="notices" aria-label="Notices" aria-live="polite">
      {notices.map((notice) => (
        <li key={`${notice.title} ${notice.hold?.subject}`} class={notice.level === "bad" ? "bad" : ""}>
          <strong>{notice.title}</strong>
          <p>{notice.detail}</p>
          <p>
            {notice.remedy}
            {notice.command && (
              <>
                : <code>{notice.command}</code>
              </>
            )}
          </p>
          {notice.hold && <ReleaseHold hold={notice.hold} onDone={onDone} />}
        </li>
      ))}
    </ul>
  );
}

function ReleaseHold({ hold, onDone }: { readonly hold: NonNullable<Notice["hold"]>; readonly onDone: () => void }) {
  const { api } = useDomain();
  const { domain, subject } = hold;
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
