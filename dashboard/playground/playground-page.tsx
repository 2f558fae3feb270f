import { useDomain } from "../domains/domain.ts";
import { ContractEditor } from "./contract-editor.tsx";

/** What a module has to try, which sends to the running system; edited contracts are only checked. */
export function Page() {
  const { parts } = useDomain();
  return (
    <>
      <h1>Playground</h1>
      <parts.Playground />
      <ContractEditor />
    </>
  );
}
