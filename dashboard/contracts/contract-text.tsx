import { useEffect, useRef } from "preact/hooks";
import type { ContractDiagnostic } from "../../app/http/contracts/contract-views.ts";
import "./contract-text.css";

interface ContractTextProps {
  readonly file: string;
  readonly text: string;
  readonly diagnostics: readonly ContractDiagnostic[];
  /** The line that is looked at. */
  readonly line: number | undefined;
}

/** A contract with its line numbers, and below a line what is wrong with it. */
export function ContractText({ file, text, diagnostics, line: selectedLine }: ContractTextProps) {
  const box = useRef<HTMLDivElement>(null);
  const row = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!row.current || !box.current) return;
    // Within its own box; then the box itself, where the page does not show it.
    box.current.scrollTop = row.current.offsetTop - box.current.clientHeight / 3;
    box.current.scrollIntoView({ block: "nearest" });
  }, [file, selectedLine]);
  return (
    <div class="contract-text" tabIndex={0} role="region" aria-label={`Text of ${file}`} ref={box}>
      {text.split("\n").map((content, index) => {
        const number = index + 1;
        const lineDiagnostics = diagnostics.filter(({ line }) => line === number);
        return (
          <div
            key={number}
            class={number === selectedLine ? "code-line selected" : "code-line"}
            ref={number === selectedLine ? row : null}
          >
            <span class="line-number" aria-hidden="true">
              {number}
            </span>
            <code>{content === "" ? " " : content}</code>
            {lineDiagnostics.map((diagnostic, place) => (
              <DiagnosticMessage key={place} {...diagnostic} />
            ))}
          </div>
        );
      })}
    </div>
  );
}

export function DiagnosticMessage({
  severity,
  code,
  message,
  suggestion,
  remedy,
  file,
  line,
  column,
}: ContractDiagnostic) {
  return (
    <p class={`diagnostic ${severity}`}>
      <strong>
        {severity} {code}
      </strong>{" "}
      <span class="note">
        {file}:{line}:{column}
      </span>{" "}
      {message}
      {suggestion !== undefined && (
        <>
          : did you mean <code>{suggestion}</code>?
        </>
      )}
      {remedy !== undefined && <span class="note"> {remedy}</span>}
    </p>
  );
}
