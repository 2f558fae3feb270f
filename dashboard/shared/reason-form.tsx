import { useId, useState } from "preact/hooks";
import { ErrorMessage } from "./error-message.tsx";
import { Form, TextField } from "./fields.tsx";
import { useAction } from "./use-action.ts";
import "./reason-form.css";

interface ReasonFormProps {
  /** On the button that opens the form. */
  readonly label: string;
  /** What will happen. */
  readonly note?: string;
  readonly confirmLabel: string;
  /** Whether the reason may be left empty. */
  readonly optional?: boolean;
  readonly failureTitle: string;
  /** @returns what is shown when it was done */
  readonly onConfirm: (reason: string) => Promise<string>;
}

/** A button for an operator's decision. It opens a form that asks for the reason, which the server keeps. */
export function ReasonForm({ label, note, optional = false, onConfirm, ...texts }: ReasonFormProps) {
  const [reason, setReason] = useState<string>();
  const { busy, message, error, start, reset } = useAction();
  const noteId = useId();
  const open = (): void => {
    reset();
    setReason("");
  };
  const submit = async (): Promise<void> => {
    if (await start(() => onConfirm((reason ?? "").trim()))) setReason(undefined);
  };
  if (reason === undefined)
    return (
      <div class="reason-form">
        <button onClick={open}>{label}</button> <span role="status">{message}</span>
      </div>
    );
  return (
    <Form class="reason-form" onSubmit={() => void submit()}>
      {note && (
        <p id={noteId} class="note">
          {note}
        </p>
      )}
      <TextField
        label={optional ? "Reason (optional)" : "Reason"}
        value={reason}
        maxLength={1_024}
        required={!optional}
        aria-describedby={note && noteId}
        ref={focusOnce}
        onText={setReason}
      />
      <button disabled={busy || (!optional && reason.trim() === "")}>{texts.confirmLabel}</button>
      <button type="button" onClick={() => setReason(undefined)}>
        Cancel
      </button>
      <ErrorMessage error={error} title={texts.failureTitle} />
    </Form>
  );
}

/** One function for all draws: the field gets the focus when it appears and not again. */
const focusOnce = (input: HTMLInputElement | null): void => input?.focus();
