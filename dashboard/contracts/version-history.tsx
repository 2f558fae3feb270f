import { useState } from "preact/hooks";
import type { ContractVersion, StoredContractsView } from "../../app/http/contracts/contracts.routes.ts";
import { useDomainApi } from "../domains/domain.ts";
import { ErrorMessage } from "../shared/error-message.tsx";
import { SelectField } from "../shared/fields.tsx";
import { formatDateTime } from "../shared/format.ts";
import { ScrollTable } from "../shared/scroll-table.tsx";
import { shortHash } from "./in-force-card.tsx";
import { type DiffLine, lineDiff } from "./line-diff.ts";
import "./numbered-line.css";
import "./version-history.css";

interface VersionHistoryProps {
  readonly history: readonly ContractVersion[];
  readonly hash: string;
}

/** The versions that ran, newest first, and the differences between two of them. */
export function VersionHistory({ history, hash }: VersionHistoryProps) {
  return (
    <section class="card version-history">
      <h2>Versions</h2>
      <ScrollTable label="Versions" columns={["First run", "Hash", "contract_version"]}>
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
      </ScrollTable>
      {history.length < 2 ? (
        <p class="note">Only one version has run here so far. When another one runs, the differences are shown here.</p>
      ) : (
        <VersionComparison history={history} hash={hash} />
      )}
    </section>
  );
}

function VersionComparison({ history, hash }: VersionHistoryProps) {
  const [older, setOlder] = useState<string>();
  const [newer, setNewer] = useState(hash);
  const before = history.findIndex((each) => each.hash === newer) + 1;
  const from = older ?? history[before]?.hash;
  const options = history.map(
    (each) => [each.hash, `${shortHash(each.hash)}, ${formatDateTime(each.first_run_at)}`] as const,
  );
  return (
    <>
      <p class="version-selects">
        <SelectField label="From" options={options} value={from ?? ""} onSelect={setOlder} />
        <SelectField label="To" options={options} value={newer} onSelect={setNewer} />
      </p>
      {from === undefined || from === newer ? (
        <p class="note">Choose two different versions.</p>
      ) : (
        <VersionDiff key={`${from} ${newer}`} from={from} to={newer} />
      )}
    </>
  );
}

function VersionDiff({ from, to }: { readonly from: string; readonly to: string }) {
  const before = useDomainApi<StoredContractsView>(`/contracts/versions/${from}`);
  const after = useDomainApi<StoredContractsView>(`/contracts/versions/${to}`);
  const error = before.error ?? after.error;
  if (!before.answer || !after.answer)
    return error ? <ErrorMessage error={error} title="Could not load the versions" /> : <p class="note">Loading …</p>;
  const old = before.answer.files;
  const now = after.answer.files;
  const names = [...new Set([...Object.keys(old), ...Object.keys(now)])].toSorted();
  const changed = names
    .map((file) => ({ file, lines: lineDiff(old[file] ?? "", now[file] ?? "") }))
    .filter(({ lines }) => lines.length > 0);
  if (changed.length === 0) return <p class="note">The texts are identical.</p>;
  return changed.map(({ file, lines }) => (
    <div key={file}>
      <h3>{file}</h3>
      <div class="diff" tabIndex={0} role="region" aria-label={`Changes of ${file}`}>
        {lines.map((line, index) => (
          <DiffLineView key={index} {...line} />
        ))}
      </div>
    </div>
  ));
}

const DIFF_SIGNS = { same: " ", added: "+", removed: "-", skipped: "…" } as const;
const SPOKEN_PREFIXES = { same: "", added: "added: ", removed: "removed: ", skipped: "" } as const;

function DiffLineView({ kind, text, oldNumber, newNumber }: DiffLine) {
  return (
    <div class={`numbered-line ${kind}`}>
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
