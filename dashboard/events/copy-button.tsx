import { useState } from "preact/hooks";
import "./copy-button.css";

/** Copies a command and shows it: a page that is not on https or this machine may not use the clipboard. */
export function Copy({ label, text }: { readonly label: string; readonly text: string }) {
  const [said, setSaid] = useState<string>();
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setSaid("Copied:");
    } catch {
      setSaid("The browser doesn't let this page copy; take it from here:");
    }
  };
  return (
    <>
      <button onClick={() => void copy()}>{label}</button>
      <span role="status" class={said === undefined ? "" : "copied"}>
        {said !== undefined && (
          <>
            {said} <code>{text}</code>
          </>
        )}
      </span>
    </>
  );
}
