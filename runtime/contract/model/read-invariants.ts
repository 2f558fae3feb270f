import type { OrchestratorContract, ReducerContract } from "../language/schema.ts";
import type { ContractSource } from "../reading/contract-source.ts";
import type { InvariantModel } from "./domain-model.ts";
import type { Names } from "./name-resolver.ts";
import { stateLookup } from "./read-machine.ts";
import { listed, spot, under } from "../reading/source-ref.ts";

/** What a contract states of itself; its states are looked up in its own machine. */
export function readInvariants(
  source: ContractSource<OrchestratorContract> | ContractSource<ReducerContract>,
  machine: InvariantModel["machine"],
  names: Names,
): readonly InvariantModel[] {
  return (source.contract.invariants ?? []).map(({ name, never, eventually = [] }, index) => {
    const at = spot(source, "invariants", index);
    if (never !== undefined) {
      const use = { text: never, at: under(at, "never") };
      return { at: use.at, machine, name: name ?? `never: ${never}`, never: use };
    }
    const listAt = under(at, "eventually");
    const states = eventually.map((state, i) => names.resolve(state, under(listAt, i), stateLookup(source)));
    return { at: listAt, machine, name: name ?? `eventually: ${listed(eventually)}`, eventually: states };
  });
}
