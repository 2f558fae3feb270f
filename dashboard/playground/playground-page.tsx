import { ContractEditor } from "./contract-editor.tsx";
import { Player } from "../registration/node-simulator.tsx";
import "../shared/filter-form.css";

/** To try things out: nodes against the running system, and contracts without it. */
export function Playground() {
  return (
    <>
      <h1>Playground</h1>
      <Player />
      <ContractEditor />
    </>
  );
}
