import type { StateKind } from "../../app/http/overview/overview.ts";
import "./state-name.css";

/** A state as the contract names it, coloured by its kind, which is also the title. */
export function StateName({ name, kind }: { readonly name: string | null; readonly kind: StateKind | undefined }) {
  return (
    <span class={`state-name ${kind ?? ""}`} title={kind}>
      {name ?? "none yet"}
    </span>
  );
}
