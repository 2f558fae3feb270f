import { ContractEditor } from "./contract-editor.tsx";
import { NodeSimulator } from "../registration/node-simulator.tsx";

/** Simulated nodes send to the running system; edited contracts are only checked. */
export function Page() {
  return (
    <>
      <h1>Playground</h1>
      <NodeSimulator />
      <ContractEditor />
    </>
  );
}
