import type { OrchestratorContract, ReducerContract } from "../language/schema.ts";
import type { LoadedContract } from "../reading/contract-source.ts";
import type { InvariantModel } from "./domain-model.ts";
import type { NameResolver } from "./name-resolver.ts";
import { stateLookup } from "./read-machine.ts";
import { joinWithAnd, sourceRef, childRef } from "../reading/source-ref.ts";

/** What a contract states of itself; its states are looked up in its own machine. */
export function readInvariants(
  source: LoadedContract<OrchestratorContract> | LoadedContract<ReducerContract>,
  machine: InvariantModel["machine"],
  names: NameResolver,
): readonly InvariantModel[] {
  return (source.contract.invariants ?? []).map(({ name, never, eventually = [] }, index) => {
    const at = sourceRef(source, "invariants", index);
    if (never !== undefined) {
      const use = { text: never, at: childRef(at, "never") };
      return { at: use.at, machine, name: name ?? `never: ${never}`, never: use };
    }
    const listAt = childRef(at, "eventually");
    const states = eventually.map((state, i) => names.resolve(state, childRef(listAt, i), stateLookup(source)));
    return { at: listAt, machine, name: name ?? `eventually: ${joinWithAnd(eventually)}`, eventually: states };
  });
}
