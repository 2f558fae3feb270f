import { useState } from "preact/hooks";
import { ErrorMessage } from "./error-message.tsx";
import "./reason-form.css";

interface ReasonFormProps {
  /** On the button that opens it. */
  readonly label: string;
  readonly reasonLabel: string;
  readonly confirmLabel: string;
  /** Whether it may go without words. */
  readonly optional?: boolean;
  /** What is said where it was refused. */
  readonly failureTitle: string;
  /** @returns what is said when it was done */
  readonly onConfirm: (reason: string) => Promise<string>;
}

/** An operator's word: a button, and behind it a question and a second look. The server asks for the token. */
export function ReasonForm({
  label,
  reasonLabel,
  confirmLabel,
  optional = false,
  failureTitle,
  onConfirm,
}: ReasonFormProps) {
  const [reason, setReason] = useState<string>();
  const [outcome, setOutcome] = useState<{ readonly done?: string; readonly error?: Error }>({});
  const submit = async (): Promise<void> => {
    try {
      setOutcome({ done: await onConfirm((reason ?? "").trim()) });
      setReason(undefined);
    } catch (error) {
      setOutcome({ error: error as Error });
    }
  };
  const open = (): void => {
    setOutcome({});
    setReason("");
  };
  if (reason === undefined)
    return (
      <span class="reason-form">
        <button onClick={open}>{label}</button> <span role="status">{outcome.done}</span>
      </span>
    );
  return (
    <form
      class="reason-form"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <label>
        {reasonLabel}{" "}
        <input
          value={reason}
          maxLength={1_024}
          required={!optional}
          ref={focusOnce}
          onInput={({ currentTarget }) => setReason(currentTarget.value)}
        />
      </label>
      <button disabled={!optional && reason.trim() === ""}>{confirmLabel}</button>
      <button type="button" onClick={() => setReason(undefined)}>
        Cancel
      </button>
      <ErrorMessage error={outcome.error} title={failureTitle} />
    </form>
  );
}

const focusOnce = (input: HTMLInputElement | null): void => input?.focus();
