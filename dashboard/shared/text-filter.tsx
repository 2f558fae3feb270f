import { useEffect, useState } from "preact/hooks";
import { TextField } from "./fields.tsx";

const TYPING_DELAY_MS = 250;

interface TextFilterProps {
  readonly label: string;
  /** The text that is in force. */
  readonly applied: string;
  readonly onApply: (text: string) => void;
}

/** Applied shortly after the last key press. */
export function TextFilter({ label, applied, onApply }: TextFilterProps) {
  const [text, setText] = useState(applied);
  useEffect(() => setText(applied), [applied]);
  useEffect(() => {
    if (text.trim() === applied) return;
    const timer = setTimeout(() => onApply(text.trim()), TYPING_DELAY_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return <TextField type="search" label={label} maxLength={255} value={text} onText={setText} />;
}
