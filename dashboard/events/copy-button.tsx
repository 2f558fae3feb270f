import { useState } from "preact/hooks";
import "./copy-button.css";

/** Copies a command and shows it, because browsers allow copying only on https and on localhost. */
export function CopyButton({ label, text }: { readonly label: string; readonly text: string }) {
  const [message, setMessage] = useState<string>();
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setMessage("Copied:");
    } catch {
      setMessage("The browser blocked copying; copy it from here:");
    }
  };
  return (
    <>
      <button onClick={() => void copy()}>{label}</button>
      <span role="status" class={message === undefined ? "" : "copied-command"}>
        {message !== undefined && (
          <>
            {message} <code>{text}</code>
          </>
        )}
      </span>
    </>
  );
}
