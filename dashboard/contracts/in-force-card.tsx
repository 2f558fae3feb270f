import { useState } from "preact/hooks";
import { Trouble } from "../shared/error-message.tsx";
import { ask, Refused } from "../shared/api.ts";
import type { Asked } from "../shared/use-api.ts";
import type { ContractDiagnostic } from "../../app/http/contracts/contract-views.ts";
import type { InForce } from "../../app/http/contracts/contracts-in-force-view.ts";
import { Diagnostic } from "./contract-text.tsx";

export const shortHash = (hash: string): string => hash.slice(0, 12);
export const when = (at: string): string => new Date(at).toLocaleString();

/** Which contracts run, by whose word, in which processes; and the button that reads the folder again. */
export function InForceCard({
  asked: { answer, error, again },
  onReloaded,
}: {
  readonly asked: Asked<InForce>;
  readonly onReloaded: () => void;
}) {
  return (
    <section class="card">
      <h2>In force</h2>
      {!answer && <Trouble error={error} what="Which contracts are in force is not known" />}
      {answer && <Told {...answer} />}
      {answer && (
        <Reload
          onReloaded={() => {
            again();
            onReloaded();
          }}
        />
      )}
    </section>
  );
}

function Told({ hash, since, by, refused, processes }: InForce) {
  return (
    <>
      <p>
        <code title={hash}>{shortHash(hash)}</code> since <time dateTime={since}>{when(since)}</time>, by {by}
      </p>
      {refused && (
        <div class="trouble" role="status">
          <strong>
            The change of {when(refused.at)}, wanted by {refused.by}, was refused.
          </strong>{" "}
          {refused.reason.replace(/[.]?$/, ".")} What was in force stays in force.
          {refused.diagnostics.map((each, index) => (
            <Diagnostic key={index} {...each} />
          ))}
        </div>
      )}
      {processes.length > 0 && (
        <div class="scroll" tabIndex={0} role="region" aria-label="Processes">
          <table class="plain">
            <thead>
              <tr>
                <th scope="col">Process</th>
                <th scope="col">Runs under</th>
                <th scope="col">Partitions</th>
              </tr>
            </thead>
            <tbody>
              {processes.map((each) => (
                <tr key={each.process}>
                  <td>{each.process}</td>
                  <td>
                    <code title={each.hash ?? ""}>{shortHash(each.hash ?? "not told")}</code>
                    {each.hash !== hash && <span class="note"> another one</span>}
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
  const [said, setSaid] = useState("");
  const [error, setError] = useState<Error>();
  const reload = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      const { hash, changed } = await ask<{ hash: string; changed: boolean }>("/api/v1/contracts/reload", {
        method: "POST",
      });
      setSaid(changed ? `${shortHash(hash)} is in force now.` : "Nothing has changed in the folder.");
      onReloaded();
    } catch (reason) {
      setError(reason as Error);
    }
    setBusy(false);
  };
  const found = error instanceof Refused ? ((error.problem["diagnostics"] ?? []) as readonly ContractDiagnostic[]) : [];
  return (
    <>
      <p>
        <button disabled={busy} onClick={() => void reload()}>
          {busy ? "Reloading …" : "Reload"}
        </button>{" "}
        <span class="note" role="status">
          {said || "Reads the server's folder again; nothing is lost, and nothing changes if it has errors."}
        </span>
      </p>
      <Trouble error={error} what="Nothing was reloaded" />
      {found.map((each, index) => (
        <Diagnostic key={index} {...each} />
      ))}
    </>
  );
}
