import { useState } from "preact/hooks";
import type { ContractGraph } from "../../app/http/contracts/contract-graph.ts";
import type { ContractsView } from "../../app/http/contracts/contracts.routes.ts";
import { DiagnosticMessages } from "../contracts/diagnostic-message.tsx";
import { useDomainApi } from "../domains/domain.ts";
import { StateMachineDiagram } from "../diagrams/state-machine-diagram.tsx";
import { ErrorMessage } from "../shared/error-message.tsx";
import { ToggleGroup } from "../shared/fields.tsx";
import { ExplorationResult, PlanResult } from "./check-results.tsx";
import { EditorActions } from "./editor-actions.tsx";
import { useContractCheck } from "./use-contract-check.ts";
import { YamlEditor } from "./yaml-editor.tsx";
import "./contract-editor.css";

/** Nothing tells the page when a saved contract has come into force: it asks. */
const POLL_MS = 10_000;

/** Edits the contracts in force and checks the edits. What runs changes only when one is saved. */
export function ContractEditor() {
  const { answer, error } = useDomainApi<ContractsView>("/contracts", POLL_MS);
  if (answer) return <EditorPanel contracts={answer} />;
  return error ? <ErrorMessage error={error} title="Could not load the contracts" /> : <p class="note">Loading …</p>;
}

function EditorPanel({ contracts }: { readonly contracts: ContractsView }) {
  const textsInForce = new Map(contracts.files.map(({ file, text }) => [file, text]));
  const [edited, setEdited] = useState<Readonly<Record<string, string>>>({});
  const [file, setFile] = useState(contracts.files[0]?.file ?? "");
  const { check, graph, error, busy, run } = useContractCheck(edited);
  const text = edited[file] ?? textsInForce.get(file) ?? "";
  const diagnostics = check?.diagnostics ?? [];
  const isChanged = (name: string): boolean => edited[name] !== undefined && edited[name] !== textsInForce.get(name);
  const edit = (newText: string): void =>
    setEdited(({ [file]: _before, ...rest }) =>
      newText === textsInForce.get(file) ? rest : { ...rest, [file]: newText },
    );
  return (
    <section class="card contract-editor">
      <h2>Edit a contract</h2>
      <p class="note">
        Edits here do not affect the running system. Ctrl+Space completes; hover over a key for its description.
      </p>
      <ToggleGroup
        label="Files"
        options={contracts.files.map(({ file: name }) => name)}
        pressed={file}
        onPress={setFile}
        content={(name) => (isChanged(name) ? `${name} *` : name)}
      />
      <YamlEditor
        key={file}
        file={file}
        text={text}
        diagnostics={diagnostics.filter((each) => each.file === file)}
        names={declaredNames(graph)}
        onChange={edit}
        inForce={isChanged(file) ? textsInForce.get(file) : undefined}
      />
      <p role="status" class="note">
        {busy ? "Checking …" : check ? problemsText(diagnostics.length) : "Not checked yet."}
      </p>
      <ErrorMessage error={error} title="Check failed" />
      <DiagnosticMessages diagnostics={diagnostics} />
      <EditorActions
        {...{ file, text, busy, run }}
        canSave={contracts.editable && isChanged(file)}
        editable={contracts.editable}
      />
      {check?.model && <ExplorationResult {...check.model} />}
      {check?.plan && <PlanResult {...check.plan} />}
      {graph?.machines.map((machine) => (
        <div key={machine.name}>
          <h3>
            {machine.name}
            {check && !check.graph && <span class="note"> as it was before the error</span>}
          </h3>
          <StateMachineDiagram machine={machine} />
        </div>
      ))}
    </section>
  );
}

const problemsText = (count: number): string => (count === 0 ? "No problems." : `Problems: ${count}.`);

/** The names that a contract may use: states, actions, and what the diagram of the message flow shows. */
function declaredNames(graph: ContractGraph | undefined): readonly string[] {
  const states = graph?.machines.flatMap(({ states: all }) => all.map(({ name }) => name)) ?? [];
  const actions = graph?.machines.flatMap(({ transitions }) => transitions.flatMap((each) => each.actions)) ?? [];
  const flowLabels = graph?.nodes.map(({ label }) => label) ?? [];
  const names = new Set([...states, ...actions, ...flowLabels]);
  // It stands for the state of an entity that does not exist yet, and can't be written in a contract.
  names.delete("(none)");
  return [...names];
}
