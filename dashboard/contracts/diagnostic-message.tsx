import type { ContractDiagnostic } from "../../app/http/contracts/contracts.routes.ts";
import "./diagnostic-message.css";

export const DiagnosticMessages = ({ diagnostics }: { readonly diagnostics: readonly ContractDiagnostic[] }) =>
  diagnostics.map((diagnostic, index) => <DiagnosticMessage key={index} {...diagnostic} />);

export function DiagnosticMessage(diagnostic: ContractDiagnostic) {
  const { severity, code, message, suggestion, remedy, file, line, column } = diagnostic;
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
