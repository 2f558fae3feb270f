import { useEffect, useRef, useState } from "preact/hooks";
import type { ContractCheck } from "../../app/http/contracts/contract-check.routes.ts";
import type { ContractGraph } from "../../app/http/contracts/contract-graph.ts";
import type { ContractsView } from "../../app/http/contracts/contracts.routes.ts";
import { DiagnosticMessage } from "../contracts/contract-text.tsx";
import { StateMachineDiagram } from "../diagrams/state-machine-diagram.tsx";
import { ErrorMessage } from "../shared/error-message.tsx";
import { fetchJson, ApiError } from "../shared/api.ts";
import { useApi } from "../shared/use-api.ts";
import { ExplorationResult, PlanResult } from "./check-results.tsx";
import { YamlEditor } from "./yaml-editor.tsx";
import "./contract-editor.css";

const CHECK_DELAY_MS = 500;
const RETRY_MS = 1_000;
/** What is saved comes into force a moment later. */
const POLL_MS = 10_000;

/** Contracts to try out: what is edited here changes nothing that runs, unless it is saved. */
export function ContractEditor() {
  const { answer, error } = useApi<ContractsView>("/api/v1/contracts", POLL_MS);
  if (!answer)
    return error ? <ErrorMessage error={error} title="Could not load the contracts" /> : <p class="note">Loading …</p>;
  return <EditorPanel contracts={answer} />;
}

function EditorPanel({ contracts }: { readonly contracts: ContractsView }) {
  const inForce = new Map(contracts.files.map(({ file, text }) => [file, text]));
  const [edited, setEdited] = useState<Readonly<Record<string, string>>>({});
  const [file, setFile] = useState(contracts.files[0]?.file ?? "");
  const { check, graph, error, busy, run } = useCheck(edited);
  const text = edited[file] ?? inForce.get(file) ?? "";
  const diagnostics = check?.diagnostics ?? [];
  const hasChanged = edited[file] !== undefined && edited[file] !== inForce.get(file);
  return (
    <section class="card">
      <h2>Edit a contract</h2>
      <p class="note">
        Edits here do not affect the running system. Ctrl+Space completes; hover over a key for its description.
      </p>
      <div class="choices" role="group" aria-label="Files">
        {contracts.files.map(({ file: name }) => (
          <button key={name} aria-pressed={name === file} onClick={() => setFile(name)}>
            {name}
            {edited[name] !== undefined && edited[name] !== inForce.get(name) && " *"}
          </button>
        ))}
      </div>
      <YamlEditor
        key={file}
        file={file}
        text={text}
        diagnostics={diagnostics.filter((each) => each.file === file)}
        names={declaredNames(graph)}
        onChange={(now) => setEdited((before) => ({ ...before, [file]: now }))}
        onReset={hasChanged ? () => setEdited(({ [file]: _gone, ...rest }) => rest) : undefined}
      />
      <p role="status" class="note">
        {busy ? "Checking …" : check ? problemsText(diagnostics.length) : "Edit to check."}
      </p>
      <ErrorMessage error={error} title="Check failed" />
      {diagnostics.map((each, index) => (
        <DiagnosticMessage key={index} {...each} />
      ))}
      <EditorActions
        {...{ file, text, busy, run }}
        canSave={contracts.editable && hasChanged}
        editable={contracts.editable}
      />
      {check?.model && <ExplorationResult {...check.model} />}
      {check?.plan && <PlanResult {...check.plan} />}
      <div class="machines">
        {graph?.machines.map((machine) => (
          <div key={machine.name}>
            <h3>
              {machine.name}
              {check && !check.graph && <span class="note"> as it was before the error</span>}
            </h3>
            <StateMachineDiagram machine={machine} />
          </div>
        ))}
      </div>
    </section>
  );
}

const problemsText = (count: number): string => (count === 0 ? "No problems." : `Problems: ${count}.`);

/** What one may want to name in a contract. */
function declaredNames(graph: ContractGraph | undefined): readonly string[] {
  const states = graph?.machines.flatMap(({ states: all }) => all.map(({ name }) => name)) ?? [];
  const actions = graph?.machines.flatMap(({ transitions }) => transitions.flatMap((each) => each.actions)) ?? [];
  const parts = graph?.nodes.map(({ label }) => label) ?? [];
  return [...new Set([...states, ...actions, ...parts])].filter((name) => name !== "(none)");
}

interface CheckOptions {
  readonly model?: boolean;
  readonly plan_hours?: number;
}

/** Checks what is typed a moment later, and the rest when it is asked for; only the newest answer counts. */
function useCheck(edited: Readonly<Record<string, string>>) {
  const [check, setCheck] = useState<ContractCheck>();
  const [graph, setGraph] = useState<ContractGraph>();
  const [error, setError] = useState<Error>();
  const [busy, setBusy] = useState(false);
  const latestRun = useRef(0);
  const run = (options: CheckOptions): void => {
    const runNumber = ++latestRun.current;
    setBusy(true);
    const attempt = (): void =>
      void fetchJson<ContractCheck>("/api/v1/contracts/check", {
        method: "POST",
        body: { files: edited, model: false, ...options },
      })
        .then((answer) => {
          if (runNumber !== latestRun.current) return;
          setCheck(answer);
          if (answer.graph) setGraph(answer.graph);
          setError(undefined);
          setBusy(false);
        })
        .catch((reason: Error) => {
          if (runNumber !== latestRun.current) return;
          // One at a time: the check before is still in work.
          if (reason instanceof ApiError && reason.status === 503)
            return void setTimeout(() => runNumber === latestRun.current && attempt(), RETRY_MS);
          setError(reason);
          setBusy(false);
        });
    attempt();
  };
  useEffect(() => {
    const timer = setTimeout(() => run({}), CHECK_DELAY_MS);
    return () => clearTimeout(timer);
  }, [edited]);
  useEffect(() => () => void (latestRun.current = -1), []);
  return { check, graph, error, busy, run };
}

interface EditorActionsProps {
  readonly file: string;
  readonly text: string;
  readonly busy: boolean;
  readonly run: (wanted: CheckOptions) => void;
  readonly canSave: boolean;
  readonly editable: boolean;
}

function EditorActions({ file, text, busy, run, canSave, editable }: EditorActionsProps) {
  const [hours, setHours] = useState(24);
  const [status, setStatus] = useState("");
  const [error, setError] = useState<Error>();
  const save = (): void =>
    void fetchJson(`/api/v1/contracts/files/${encodeURIComponent(file)}`, { method: "PUT", body: { text } })
      .then(() => {
        setStatus(`${file} is saved.`);
        setError(undefined);
      })
      .catch(setError);
  return (
    <>
      <div class="choices editor-actions">
        <button disabled={busy} onClick={() => run({ model: true })}>
          Explore all paths
        </button>
        <span>
          <button disabled={busy} onClick={() => run({ plan_hours: hours })}>
            Plan
          </button>{" "}
          <label>
            over{" "}
            <input
              type="number"
              min={1}
              max={168}
              value={hours}
              onInput={({ currentTarget }) => setHours(Math.min(168, Math.max(1, Number(currentTarget.value) || 1)))}
            />{" "}
            hours
          </label>
        </span>
        <button onClick={() => downloadFile(file, text)}>Download</button>
        {editable && (
          <button disabled={!canSave} onClick={save}>
            Save
          </button>
        )}
      </div>
      <p class="note" role="status">
        {status || (editable ? "" : "Under rollcall dev, contracts can be saved from here.")}
      </p>
      <ErrorMessage error={error} title="Save failed" />
    </>
  );
}

function downloadFile(file: string, text: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/yaml" }));
  link.download = file;
  link.click();
  URL.revokeObjectURL(link.href);
}
