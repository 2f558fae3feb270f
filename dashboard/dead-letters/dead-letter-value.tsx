import { useState } from "preact/hooks";
import { ToggleGroup } from "../shared/fields.tsx";
import { bytesOf, hexDump } from "./hex-dump.ts";
import { highlightedJson, pointersIn } from "./highlighted-json.ts";

const HEX_BYTES_MAX = 4_096;
const JSON_CHARS_MAX = 100_000;

interface DeadLetterValueProps {
  readonly value: string;
  readonly encoding: "utf8" | "base64";
  /** Why it was not processed: what it names is highlighted. */
  readonly error: string;
}

/** The value of a message as JSON where it is that, as text, and as bytes. */
export function DeadLetterValue({ value, encoding, error }: DeadLetterValueProps) {
  const json = encoding === "utf8" ? parseJson(value) : undefined;
  const forms = [
    ...(json === undefined ? [] : (["JSON"] as const)),
    ...(encoding === "utf8" ? (["Text"] as const) : []),
    "Hex" as const,
  ];
  const [form, setForm] = useState<"JSON" | "Text" | "Hex">(forms[0] ?? "Hex");
  return (
    <>
      <ToggleGroup label="Show as" options={forms} pressed={form} onPress={setForm} />
      <pre tabIndex={0} role="region" aria-label={`Value as ${form}`}>
        {form === "Text" && value}
        {form === "Hex" && shortHexDump(bytesOf(value, encoding))}
        {form === "JSON" &&
          highlightedJson(json, pointersIn(error)).map(({ text, isHighlighted }, index) => (
            <span key={index} class={isHighlighted ? "highlighted" : ""}>
              {text}
              {isHighlighted && <span class="note"> ← here</span>}
              {"\n"}
            </span>
          ))}
      </pre>
    </>
  );
}

function shortHexDump(bytes: Uint8Array): string {
  const dump = hexDump(bytes.subarray(0, HEX_BYTES_MAX));
  return bytes.length > HEX_BYTES_MAX ? `${dump}\n… ${bytes.length - HEX_BYTES_MAX} more bytes` : dump;
}

/** Undefined: it is not JSON, or so long that an element for each line would make the page slow. */
function parseJson(text: string): unknown {
  if (text.length > JSON_CHARS_MAX) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
