import { useId, useState } from "preact/hooks";
import { ErrorMessage } from "../shared/error-message.tsx";

interface ConfirmWithReasonProps {
  readonly label: string;
  /** What will come of it. */
  readonly note: string;
  readonly needsReason?: boolean;
  readonly onConfirm: (reason: string) => Promise<unknown>;
  readonly onDone: (answer: unknown) => void;
}

/** A button for an operator's word: asked once more, with a reason for those who ask later. */
export function ConfirmWithReason({ label, note, needsReason = false, onConfirm, onDone }: ConfirmWithReasonProps) {
  const [open, setOpen] = useState(false);
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<Error>();
  const id = useId();
  const submit = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      const answer = await onConfirm(reason.trim());
      setOpen(false);
      setReason("");
      onDone(answer);
    } catch (failed) {
      setError(failed as Error);
    }
    setBusy(false);
  };
  return (
    <div class={open ? "confirm-with-reason open" : "confirm-with-reason"}>
      <button aria-expanded={open} onClick={() => setOpen(!open)}>
        {label}
      </button>
      {open && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void submit();
          }}
        >
          <p id={id} class="note">
            {note}
          </p>
          <label>
            Reason{needsReason ? "" : " (optional)"}
            <input
              value={reason}
              maxLength={1_024}
              required={needsReason}
              aria-describedby={id}
              autofocus
              onInput={({ currentTarget }) => setReason(currentTarget.value)}
            />
          </label>
          <button disabled={busy || (needsReason && reason.trim() === "")}>{busy ? "…" : `${label} now`}</button>
          <ErrorMessage error={error} title="Failed" />
        </form>
      )}
    </div>
  );
}
