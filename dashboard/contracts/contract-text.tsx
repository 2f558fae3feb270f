import { useEffect, useRef } from "preact/hooks";
import type { ContractDiagnostic } from "../../app/http/contracts/contracts.routes.ts";
import { DiagnosticMessages } from "./diagnostic-message.tsx";
import "./numbered-line.css";
import "./contract-text.css";

interface ContractTextProps {
  readonly file: string;
  readonly text: string;
  readonly diagnostics: readonly ContractDiagnostic[];
  /** The line that is highlighted. */
  readonly line: number | undefined;
}

/** A contract with line numbers, and its problems below the lines that have them. */
export function ContractText({ file, text, diagnostics, line: selectedLine }: ContractTextProps) {
  const box = useRef<HTMLDivElement>(null);
  const row = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!row.current || !box.current) return;
    // First the line within the box, then the box within the page, unless it is visible already.
    box.current.scrollTop = row.current.offsetTop - box.current.clientHeight / 3;
    box.current.scrollIntoView({ block: "nearest" });
  }, [file, selectedLine]);
  return (
    <div class="contract-text" tabIndex={0} role="region" aria-label={`Text of ${file}`} ref={box}>
      {text.split("\n").map((content, index) => {
        const number = index + 1;
        const isSelected = number === selectedLine;
        return (
          <div
            key={number}
            class={isSelected ? "numbered-line selected" : "numbered-line"}
            ref={isSelected ? row : null}
          >
            <span class="line-number" aria-hidden="true">
              {number}
            </span>
            <code>{content === "" ? " " : content}</code>
            <DiagnosticMessages diagnostics={diagnostics.filter(({ line }) => line === number)} />
          </div>
        );
      })}
    </div>
  );
}
