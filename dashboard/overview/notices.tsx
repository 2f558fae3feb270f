import type { Notice } from "../../app/http/overview/overview.ts";
import { ask } from "../shared/api.ts";
import { WordForm } from "../shared/reason-form.tsx";
import "./notices.css";

/** What is to be known or done. */
export function Notices({ notices, onDone }: { readonly notices: readonly Notice[]; readonly onDone: () => void }) {
  return (
    <ul class="notices" aria-label="Notices" aria-live="polite">
      {notices.map((notice) => (
        <li key={`${notice.title} ${notice.hold?.subject}`} class={notice.level}>
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
          {notice.hold && <Release hold={notice.hold} onDone={onDone} />}
        </li>
      ))}
    </ul>
  );
}

function Release({ hold, onDone }: { readonly hold: NonNullable<Notice["hold"]>; readonly onDone: () => void }) {
  const { domain, subject } = hold;
  const release = async (reason: string): Promise<string> => {
    const path = `/api/v1/holds/${encodeURIComponent(domain)}/${encodeURIComponent(subject)}/release`;
    await ask(path, { method: "POST", query: { reason } });
    onDone();
    return "Released.";
  };
  return (
    <WordForm
      label="Release…"
      question="Why they may go"
      confirm={`Release ${subject}`}
      refused="It is still held"
      onWord={release}
    />
  );
}
