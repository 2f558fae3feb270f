import { useState } from "preact/hooks";
import type { Notice } from "../../app/http/overview.ts";
import { ask } from "../server.ts";
import { Trouble } from "./trouble.tsx";
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

/** An operator's word. The server asks for the token, and keeps the reason. */
function Release({ hold, onDone }: { readonly hold: NonNullable<Notice["hold"]>; readonly onDone: () => void }) {
  const [reason, setReason] = useState<string>();
  const [error, setError] = useState<Error>();
  if (reason === undefined) return <button onClick={() => setReason("")}>Release…</button>;
  const release = async (): Promise<void> => {
    const path = `/api/v1/holds/${encodeURIComponent(hold.domain)}/${encodeURIComponent(hold.subject)}/release`;
    try {
      await ask(path, { method: "POST", query: { reason } });
      setReason(undefined);
      onDone();
    } catch (refusal) {
      setError(refusal as Error);
    }
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void release();
      }}
    >
      <label>
        Why they may go{" "}
        <input
          value={reason}
          maxLength={1_024}
          required
          ref={(input) => input?.focus()}
          onInput={({ currentTarget }) => setReason(currentTarget.value)}
        />
      </label>
      <button disabled={reason.trim() === ""}>Release {hold.subject}</button>
      <button type="button" onClick={() => setReason(undefined)}>
        Leave it held
      </button>
      <Trouble error={error} what="It is still held" />
    </form>
  );
}
