import { useState } from "preact/hooks";
import { ErrorMessage } from "../shared/error-message.tsx";
import { fetchJson, ApiError } from "../shared/api.ts";
import type { ApiResult } from "../shared/use-api.ts";
import type { ContractDiagnostic } from "../../app/http/contracts/contract-views.ts";
import type { ContractsInForce } from "../../app/http/contracts/contracts-in-force-view.ts";
import { DiagnosticMessage } from "./contract-text.tsx";

export const shortHash = (hash: string): string => hash.slice(0, 12);
export const formatDateTime = (at: string): string => new Date(at).toLocaleString();

/** Which contracts run, by whose word, in which processes; and the button that reads the folder again. */
export function InForceCard({
  inForce: { answer, error, refetch },
  onReloaded,
}: {
  readonly inForce: ApiResult<ContractsInForce>;
  readonly onReloaded: () => void;
}) {
  return (
    <section class="card">
      <h2>In force</h2>
      {!answer && <ErrorMessage error={error} title="Could not load which contracts are in force" />}
      {answer && <InForceDetails {...answer} />}
      {answer && (
        <Reload
          onReloaded={() => {
            refetch();
            onReloaded();
          }}
        />
      )}
    </section>
  );
}

function InForceDetails({ hash, since, by, refused, processes }: ContractsInForce) {
  return (
    <>
      <p>
        <code title={hash}>{shortHash(hash)}</code> since <time dateTime={since}>{formatDateTime(since)}</time>, by {by}
      </p>
      {refused && (
        <div class="error-message" role="status">
          <strong>
            The change of {formatDateTime(refused.at)}, requested by {refused.by}, was refused.
          </strong>{" "}
          {refused.reason.replace(/[.]?$/, ".")} The contracts in force did not change.
          {refused.diagnostics.map((each, index) => (
            <DiagnosticMessage key={index} {...each} />
          ))}
        </div>
      )}
      {processes.length > 0 && (
        <div class="scroll" tabIndex={0} role="region" aria-label="Processes">
          <table class="plain">
            <thead>
              <tr>
                <th scope="col">Process</th>
                <th scope="col">Contracts</th>
                <th scope="col">Partitions</th>
              </tr>
            </thead>
            <tbody>
              {processes.map((each) => (
                <tr key={each.process}>
                  <td>{each.process}</td>
                  <td>
                    <code title={each.hash ?? ""}>{shortHash(each.hash ?? "unknown")}</code>
                    {each.hash !== hash && <span class="note"> different</span>}
                  </td>
                  <td>{each.partitions}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}

function Reload({ onReloaded }: { readonly onReloaded: () => void }) {
  const [busy, setBusy] = useState(false);
  const [status, setStatus] = useState("");
  const [error, setError] = useState<Error>();
  const reload = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      const { hash, changed } = await fetchJson<{ hash: string; changed: boolean }>("/api/v1/contracts/reload", {
        method: "POST",
      });
      setStatus(changed ? `${shortHash(hash)} is in force now.` : "Nothing has changed in the folder.");
      onReloaded();
    } catch (reason) {
      setError(reason as Error);
    }
    setBusy(false);
  };
  const diagnostics =
    error instanceof ApiError ? ((error.problem["diagnostics"] ?? []) as readonly ContractDiagnostic[]) : [];
  return (
    <>
      <p>
        <button disabled={busy} onClick={() => void reload()}>
          {busy ? "Reloading …" : "Reload"}
        </button>{" "}
        <span class="note" role="status">
          {status || "Reads the contracts folder on the server again. If it has errors, nothing changes."}
        </span>
      </p>
      <ErrorMessage error={error} title="Reload failed" />
      {diagnostics.map((each, index) => (
        <DiagnosticMessage key={index} {...each} />
      ))}
    </>
  );
}
