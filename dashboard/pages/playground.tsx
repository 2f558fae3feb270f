import { ContractEditor } from "../playground/contract-editor.tsx";
import { Player } from "../playground/player.tsx";
import "../parts/filter.css";

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
