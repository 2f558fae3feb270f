import type { StateKind } from "../../app/http/entities/state-kind.ts";
import "./state-name.css";

const KIND_LABELS = { live: "live", waiting: "waiting", ended: "ended" } as const;

/** A state as the contract calls it, coloured by its kind; the kind is said as well, to those who don't see colours. */
export function StateName({ name, kind }: { readonly name: string | null; readonly kind: StateKind | undefined }) {
  return (
    <span class={`state-name ${kind ?? ""}`} title={kind && KIND_LABELS[kind]}>
      {name ?? "none yet"}
    </span>
  );
}
