import { useState } from "preact/hooks";
import type { ContractVersion } from "../../app/http/contracts/contract-views.ts";
import type { StoredContracts } from "../../app/http/contracts/contracts.routes.ts";
import { Trouble } from "../shared/error-message.tsx";
import { useAsked } from "../shared/use-api.ts";
import { shortHash, when } from "./in-force-card.tsx";
import { type DiffLine, lineDiff } from "./line-diff.ts";
import "./version-history.css";

interface VersionsProps {
  readonly history: readonly ContractVersion[];
  readonly hash: string;
}

/** The contents that ran, and what changed between two of them. */
export function Versions({ history, hash }: VersionsProps) {
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
                <td>{when(each.first_run_at)}</td>
                <td>
                  <code title={each.hash}>{shortHash(each.hash)}</code>
                  {each.hash === hash && <strong> runs</strong>}
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
        <p class="note">
          Only one version ever ran here. When another one runs, what changed between them is shown here.
        </p>
      ) : (
        <>
          <p class="chosen-versions">
            <VersionChoice label="From" history={history} value={from} onChoose={setOlder} />
            <VersionChoice label="To" history={history} value={newer} onChoose={setNewer} />
          </p>
          {from !== undefined && from !== newer && <Difference key={`${from} ${newer}`} from={from} to={newer} />}
          {(from === undefined || from === newer) && <p class="note">Choose two different versions.</p>}
        </>
      )}
    </section>
  );
}

function VersionChoice(props: {
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
            {shortHash(hash)}, {when(first_run_at)}
          </option>
        ))}
      </select>
    </label>
  );
}

function Difference({ from, to }: { readonly from: string; readonly to: string }) {
  const before = useAsked<StoredContracts>(`/api/v1/contracts/versions/${from}`);
  const after = useAsked<StoredContracts>(`/api/v1/contracts/versions/${to}`);
  if (!before.answer || !after.answer)
    return before.error || after.error ? (
      <Trouble error={before.error ?? after.error} what="What changed is not known" />
    ) : (
      <p class="note">Loading …</p>
    );
  const old = before.answer.files;
  const now = after.answer.files;
  const names = [...new Set([...Object.keys(old), ...Object.keys(now)])].toSorted();
  const changed = names
    .map((file) => ({ file, lines: lineDiff(old[file] ?? "", now[file] ?? "") }))
    .filter(({ lines }) => lines.length > 0);
  if (changed.length === 0) return <p class="note">Their texts are the same.</p>;
  return (
    <>
      {changed.map(({ file, lines }) => (
        <div key={file}>
          <h3 class="diff-file">{file}</h3>
          <div class="diff scroll" tabIndex={0} role="region" aria-label={`Changes of ${file}`}>
            {lines.map((line, index) => (
              <Line key={index} {...line} />
            ))}
          </div>
        </div>
      ))}
    </>
  );
}

const SIGNS = { same: " ", added: "+", gone: "-", skipped: "…" } as const;
const WORDS = { same: "", added: "added: ", gone: "removed: ", skipped: "" } as const;

function Line({ kind, text, before, after }: DiffLine) {
  return (
    <div class={`diff-line ${kind}`}>
      <span class="line-number" aria-hidden="true">
        {before ?? ""}
      </span>
      <span class="line-number" aria-hidden="true">
        {after ?? ""}
      </span>
      <code>
        <span class="hidden">{WORDS[kind]}</span>
        {SIGNS[kind]} {text}
      </code>
    </div>
  );
}
