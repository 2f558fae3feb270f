import { useId, useState } from "preact/hooks";
import { Trouble } from "../shared/error-message.tsx";

interface WordProps {
  readonly label: string;
  /** What will come of it. */
  readonly note: string;
  readonly needsReason?: boolean;
  readonly act: (reason: string) => Promise<unknown>;
  readonly onDone: (answer: unknown) => void;
}

/** A button for an operator's word: asked once more, with a reason for those who ask later. */
export function Word({ label, note, needsReason = false, act, onDone }: WordProps) {
  const [open, setOpen] = useState(false);
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<Error>();
  const id = useId();
  const say = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      const answer = await act(reason.trim());
      setOpen(false);
      setReason("");
      onDone(answer);
    } catch (failed) {
      setError(failed as Error);
    }
    setBusy(false);
  };
  return (
    <div class={open ? "word open" : "word"}>
      <button aria-expanded={open} onClick={() => setOpen(!open)}>
        {label}
      </button>
      {open && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void say();
          }}
        >
          <p id={id} class="note">
            {note}
          </p>
          <label>
            Why{needsReason ? "" : " (may stay empty)"}
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
          <Trouble error={error} what="It was not done" />
        </form>
      )}
    </div>
  );
}
