import { useEffect, useRef, useState } from "preact/hooks";
import type { ContractCheck } from "../../app/http/contracts/contract-check.routes.ts";
import type { ContractGraph } from "../../app/http/contracts/contract-graph.ts";
import type { Contracts } from "../../app/http/contracts/contracts.routes.ts";
import { Diagnostic } from "../contracts/contract-text.tsx";
import { Machine } from "../diagrams/state-machine-diagram.tsx";
import { Trouble } from "../shared/error-message.tsx";
import { ask, Refused } from "../shared/api.ts";
import { useAsked } from "../shared/use-api.ts";
import { ModelResult, PlanResult } from "./check-results.tsx";
import { SchemaEditor } from "./yaml-editor.tsx";
import "./contract-editor.css";

const TYPED_MS = 500;
const AGAIN_MS = 1_000;
/** What is saved comes into force a moment later. */
const IN_FORCE_MS = 10_000;

/** Contracts to try out: what is edited here changes nothing that runs, unless it is saved. */
export function ContractEditor() {
  const { answer, error } = useAsked<Contracts>("/api/v1/contracts", IN_FORCE_MS);
  if (!answer) return error ? <Trouble error={error} what="There is nothing to edit" /> : <p class="note">Loading …</p>;
  return <Editing contracts={answer} />;
}

function Editing({ contracts }: { readonly contracts: Contracts }) {
  const inForce = new Map(contracts.files.map(({ file, text }) => [file, text]));
  const [edited, setEdited] = useState<Readonly<Record<string, string>>>({});
  const [file, setFile] = useState(contracts.files[0]?.file ?? "");
  const { check, graph, error, busy, run } = useCheck(edited);
  const text = edited[file] ?? inForce.get(file) ?? "";
  const found = check?.diagnostics ?? [];
  const hasChanged = edited[file] !== undefined && edited[file] !== inForce.get(file);
  return (
    <section class="card">
      <h2>Edit a contract</h2>
      <p class="note">
        What is tried here changes nothing that runs. Ctrl+Space completes; hover a key to read what it means.
      </p>
      <div class="choices" role="group" aria-label="Files">
        {contracts.files.map(({ file: name }) => (
          <button key={name} aria-pressed={name === file} onClick={() => setFile(name)}>
            {name}
            {edited[name] !== undefined && edited[name] !== inForce.get(name) && " *"}
          </button>
        ))}
      </div>
      <SchemaEditor
        key={file}
        file={file}
        text={text}
        diagnostics={found.filter((each) => each.file === file)}
        names={namesIn(graph)}
        onChange={(now) => setEdited((before) => ({ ...before, [file]: now }))}
        onReset={hasChanged ? () => setEdited(({ [file]: _gone, ...rest }) => rest) : undefined}
      />
      <p role="status" class="note">
        {busy ? "Checking …" : check ? summary(found.length) : "Type, and it is checked."}
      </p>
      <Trouble error={error} what="It was not checked" />
      {found.map((each, index) => (
        <Diagnostic key={index} {...each} />
      ))}
      <Actions
        {...{ file, text, busy, run }}
        canSave={contracts.editable && hasChanged}
        editable={contracts.editable}
      />
      {check?.model && <ModelResult {...check.model} />}
      {check?.plan && <PlanResult {...check.plan} />}
      <div class="machines">
        {graph?.machines.map((machine) => (
          <div key={machine.name}>
            <h3>
              {machine.name}
              {check && !check.graph && <span class="note"> as it was before the error</span>}
            </h3>
            <Machine machine={machine} />
          </div>
        ))}
      </div>
    </section>
  );
}

const summary = (count: number): string => (count === 0 ? "No problems." : `${count} to look at.`);

/** What one may want to name in a contract. */
function namesIn(graph: ContractGraph | undefined): readonly string[] {
  const states = graph?.machines.flatMap(({ states: all }) => all.map(({ name }) => name)) ?? [];
  const actions = graph?.machines.flatMap(({ transitions }) => transitions.flatMap((each) => each.actions)) ?? [];
  const parts = graph?.nodes.map(({ label }) => label) ?? [];
  return [...new Set([...states, ...actions, ...parts])].filter((name) => name !== "(none)");
}

interface Wanted {
  readonly model?: boolean;
  readonly plan_hours?: number;
}

/** Checks what is typed a moment later, and the rest when it is asked for; only the newest answer counts. */
function useCheck(edited: Readonly<Record<string, string>>) {
  const [check, setCheck] = useState<ContractCheck>();
  const [graph, setGraph] = useState<ContractGraph>();
  const [error, setError] = useState<Error>();
  const [busy, setBusy] = useState(false);
  const turn = useRef(0);
  const run = (wanted: Wanted): void => {
    const own = ++turn.current;
    setBusy(true);
    const attempt = (): void =>
      void ask<ContractCheck>("/api/v1/contracts/check", {
        method: "POST",
        body: { files: edited, model: false, ...wanted },
      })
        .then((answer) => {
          if (own !== turn.current) return;
          setCheck(answer);
          if (answer.graph) setGraph(answer.graph);
          setError(undefined);
          setBusy(false);
        })
        .catch((reason: Error) => {
          if (own !== turn.current) return;
          // One at a time: the check before is still in work.
          if (reason instanceof Refused && reason.status === 503)
            return void setTimeout(() => own === turn.current && attempt(), AGAIN_MS);
          setError(reason);
          setBusy(false);
        });
    attempt();
  };
  useEffect(() => {
    const timer = setTimeout(() => run({}), TYPED_MS);
    return () => clearTimeout(timer);
  }, [edited]);
  useEffect(() => () => void (turn.current = -1), []);
  return { check, graph, error, busy, run };
}

interface ActionsProps {
  readonly file: string;
  readonly text: string;
  readonly busy: boolean;
  readonly run: (wanted: Wanted) => void;
  readonly canSave: boolean;
  readonly editable: boolean;
}

function Actions({ file, text, busy, run, canSave, editable }: ActionsProps) {
  const [hours, setHours] = useState(24);
  const [said, setSaid] = useState("");
  const [error, setError] = useState<Error>();
  const save = (): void =>
    void ask(`/api/v1/contracts/files/${encodeURIComponent(file)}`, { method: "PUT", body: { text } })
      .then(() => {
        setSaid(`${file} is saved.`);
        setError(undefined);
      })
      .catch(setError);
  return (
    <>
      <div class="choices actions">
        <button disabled={busy} onClick={() => run({ model: true })}>
          Try every course
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
        <button onClick={() => takeAway(file, text)}>Take it away as a file</button>
        {editable && (
          <button disabled={!canSave} onClick={save}>
            Save
          </button>
        )}
      </div>
      <p class="note" role="status">
        {said || (editable ? "" : "Under rollcall dev it can be saved from here.")}
      </p>
      <Trouble error={error} what="It was not saved" />
    </>
  );
}

function takeAway(file: string, text: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/yaml" }));
  link.download = file;
  link.click();
  URL.revokeObjectURL(link.href);
}
