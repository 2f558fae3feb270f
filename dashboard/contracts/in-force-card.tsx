import type { ContractDiagnostic } from "../../app/http/contracts/contracts.routes.ts";
import type { ContractsInForce } from "../../app/http/contracts/reload.routes.ts";
import { useDomain } from "../domains/domain.ts";
import { fetchJson, ApiError } from "../shared/api.ts";
import { ErrorMessage } from "../shared/error-message.tsx";
import { formatDateTime } from "../shared/format.ts";
import { ScrollTable } from "../shared/scroll-table.tsx";
import { useAction } from "../shared/use-action.ts";
import type { ApiResult } from "../shared/use-api.ts";
import { DiagnosticMessages } from "./diagnostic-message.tsx";

export const shortHash = (hash: string): string => hash.slice(0, 12);

interface InForceCardProps {
  readonly inForce: ApiResult<ContractsInForce>;
  readonly onReloaded: () => void;
}

/** Which contracts run since when and in which processes, and a button that reloads them. */
export function InForceCard({ inForce: { answer, error, refetch }, onReloaded }: InForceCardProps) {
  const handleReloaded = (): void => {
    refetch();
    onReloaded();
  };
  return (
    <section class="card">
      <h2>In force</h2>
      {answer ? (
        <>
          <InForceDetails {...answer} />
          <Reload onReloaded={handleReloaded} />
        </>
      ) : (
        <ErrorMessage error={error} title="Could not load which contracts are in force" />
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
          <DiagnosticMessages diagnostics={refused.diagnostics} />
        </div>
      )}
      {processes.length > 0 && (
        <ScrollTable label="Processes" columns={["Process", "Contracts", "Partitions"]}>
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
        </ScrollTable>
      )}
    </>
  );
}

function Reload({ onReloaded }: { readonly onReloaded: () => void }) {
  const { api } = useDomain();
  const { busy, message, error, start } = useAction();
  const reload = async (): Promise<string> => {
    const path = api("/contracts/reload");
    const { hash, changed } = await fetchJson<{ hash: string; changed: boolean }>(path, { method: "POST" });
    onReloaded();
    return changed ? `${shortHash(hash)} is in force now.` : "Nothing has changed in the folder.";
  };
  const { diagnostics = [] } = (error instanceof ApiError ? error.problem : {}) as {
    readonly diagnostics?: readonly ContractDiagnostic[];
  };
  return (
    <>
      <p>
        <button disabled={busy} onClick={() => void start(reload)}>
          {busy ? "Reloading …" : "Reload"}
        </button>{" "}
        <span class="note" role="status">
          {message ?? "Reads the contracts folder on the server again. If it has errors, nothing changes."}
        </span>
      </p>
      <ErrorMessage error={error} title="Reload failed" />
      <DiagnosticMessages diagnostics={diagnostics} />
    </>
  );
}
