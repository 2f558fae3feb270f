import { useState } from "preact/hooks";
import { Trouble } from "./error-message.tsx";
import "./reason-form.css";

interface WordFormProps {
  /** On the button that opens it. */
  readonly label: string;
  readonly question: string;
  readonly confirm: string;
  /** Whether it may go without words. */
  readonly optional?: boolean;
  /** What is said where it was refused. */
  readonly refused: string;
  /** @returns what is said when it was done */
  readonly onWord: (reason: string) => Promise<string>;
}

/** An operator's word: a button, and behind it a question and a second look. The server asks for the token. */
export function WordForm({ label, question, confirm, optional = false, refused, onWord }: WordFormProps) {
  const [reason, setReason] = useState<string>();
  const [said, setSaid] = useState<{ readonly done?: string; readonly error?: Error }>({});
  const send = async (): Promise<void> => {
    try {
      setSaid({ done: await onWord((reason ?? "").trim()) });
      setReason(undefined);
    } catch (error) {
      setSaid({ error: error as Error });
    }
  };
  const open = (): void => {
    setSaid({});
    setReason("");
  };
  if (reason === undefined)
    return (
      <span class="word">
        <button onClick={open}>{label}</button> <span role="status">{said.done}</span>
      </span>
    );
  return (
    <form
      class="word"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <label>
        {question}{" "}
        <input
          value={reason}
          maxLength={1_024}
          required={!optional}
          ref={focusOnce}
          onInput={({ currentTarget }) => setReason(currentTarget.value)}
        />
      </label>
      <button disabled={!optional && reason.trim() === ""}>{confirm}</button>
      <button type="button" onClick={() => setReason(undefined)}>
        Leave it
      </button>
      <Trouble error={said.error} what={refused} />
    </form>
  );
}

const focusOnce = (input: HTMLInputElement | null): void => input?.focus();
