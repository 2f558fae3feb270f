import { useState } from "preact/hooks";
import type { ContractVersion } from "../../app/http/contracts/contract-views.ts";
import type { StoredContractsView } from "../../app/http/contracts/contracts.routes.ts";
import { ErrorMessage } from "../shared/error-message.tsx";
import { useApi } from "../shared/use-api.ts";
import { shortHash, formatDateTime } from "./in-force-card.tsx";
import { type DiffLine, lineDiff } from "./line-diff.ts";
import "./version-history.css";

interface VersionHistoryProps {
  readonly history: readonly ContractVersion[];
  readonly hash: string;
}

/** The contents that ran, and what changed between two of them. */
export function VersionHistory({ history, hash }: VersionHistoryProps) {
  const [older, setOlder] = useState<string>();
  const [newer, setNewer] = useState(hash);
  const behind = history.findIndex((each) => each.hash === newer) + 1;
  const from = older ?? history[behind]?.hash;
  return (
    <section class="card">
      <h2>Versions</h2>
      <div class="scroll" tabIndex={0} role="region" aria-label="Versions">
        <table class="plain">
          <thead>
            <tr>
              <th scope="col">First run</th>
              <th scope="col">Hash</th>
              <th scope="col">contract_version</th>
            </tr>
          </thead>
          <tbody>
            {history.map((each) => (
              <tr key={each.hash}>
                <td>{formatDateTime(each.first_run_at)}</td>
                <td>
                  <code title={each.hash}>{shortHash(each.hash)}</code>
                  {each.hash === hash && <strong> in force</strong>}
                </td>
                <td>
                  {Object.entries(each.versions)
                    .map(([file, version]) => `${file} ${version}`)
                    .join(", ")}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {history.length < 2 ? (
        <p class="note">Only one version has run here so far. When another one runs, the differences are shown here.</p>
      ) : (
        <>
          <p class="version-selects">
            <VersionSelect label="From" history={history} value={from} onChoose={setOlder} />
            <VersionSelect label="To" history={history} value={newer} onChoose={setNewer} />
          </p>
          {from !== undefined && from !== newer && <VersionDiff key={`${from} ${newer}`} from={from} to={newer} />}
          {(from === undefined || from === newer) && <p class="note">Choose two different versions.</p>}
        </>
      )}
    </section>
  );
}

function VersionSelect(props: {
  readonly label: string;
  readonly history: readonly ContractVersion[];
  readonly value: string | undefined;
  readonly onChoose: (hash: string) => void;
}) {
  return (
    <label>
      {props.label}{" "}
      <select value={props.value} onChange={({ currentTarget }) => props.onChoose(currentTarget.value)}>
        {props.history.map(({ hash, first_run_at }) => (
          <option key={hash} value={hash}>
            {shortHash(hash)}, {formatDateTime(first_run_at)}
          </option>
        ))}
      </select>
    </label>
  );
}

function VersionDiff({ from, to }: { readonly from: string; readonly to: string }) {
  const before = useApi<StoredContractsView>(`/api/v1/contracts/versions/${from}`);
  const after = useApi<StoredContractsView>(`/api/v1/contracts/versions/${to}`);
  if (!before.answer || !after.answer)
    return before.error || after.error ? (
      <ErrorMessage error={before.error ?? after.error} title="Could not load the versions" />
    ) : (
      <p class="note">Loading …</p>
    );
  const old = before.answer.files;
  const now = after.answer.files;
  const names = [...new Set([...Object.keys(old), ...Object.keys(now)])].toSorted();
  const changed = names
    .map((file) => ({ file, lines: lineDiff(old[file] ?? "", now[file] ?? "") }))
    .filter(({ lines }) => lines.length > 0);
  if (changed.length === 0) return <p class="note">The texts are identical.</p>;
  return (
    <>
      {changed.map(({ file, lines }) => (
        <div key={file}>
          <h3 class="diff-file">{file}</h3>
          <div class="diff scroll" tabIndex={0} role="region" aria-label={`Changes of ${file}`}>
            {lines.map((line, index) => (
              <DiffLineView key={index} {...line} />
            ))}
          </div>
        </div>
      ))}
    </>
  );
}

const DIFF_SIGNS = { same: " ", added: "+", removed: "-", skipped: "…" } as const;
const SPOKEN_PREFIXES = { same: "", added: "added: ", removed: "removed: ", skipped: "" } as const;

function DiffLineView({ kind, text, oldNumber, newNumber }: DiffLine) {
  return (
    <div class={`diff-line ${kind}`}>
      <span class="line-number" aria-hidden="true">
        {oldNumber ?? ""}
      </span>
      <span class="line-number" aria-hidden="true">
        {newNumber ?? ""}
      </span>
      <code>
        <span class="visually-hidden">{SPOKEN_PREFIXES[kind]}</span>
        {DIFF_SIGNS[kind]} {text}
      </code>
    </div>
  );
}
