import { ContractEditor } from "./contract-editor.tsx";
import { NodeSimulator } from "../registration/node-simulator.tsx";
import "../shared/filter-form.css";

/** To try things out: nodes against the running system, and contracts without it. */
export function PlaygroundPage() {
  return (
    <>
      <h1>Playground</h1>
      <NodeSimulator />
      <ContractEditor />
    </>
  );
}
