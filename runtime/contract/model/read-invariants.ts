import { joinWithAnd } from "../diagnostics/wording.ts";
import type { OrchestratorContract, ReducerContract } from "../language/schema.ts";
import type { LoadedContract } from "../reading/contract-source.ts";
import { childRef, sourceRef } from "../reading/source-ref.ts";
import type { InvariantModel } from "./domain-model.ts";
import type { NameLookup, NameResolver } from "./name-resolver.ts";
import { expressionRef } from "./expression-ref.ts";

/** What a contract states of itself. @param states those of its own machine */
export function readInvariants(
  source: LoadedContract<OrchestratorContract> | LoadedContract<ReducerContract>,
  machine: InvariantModel["machine"],
  names: NameResolver,
  states: NameLookup,
): readonly InvariantModel[] {
  return (source.contract.invariants ?? []).map(({ name, never, eventually = [] }, index) => {
    const at = sourceRef(source, "invariants", index);
    if (never !== undefined) {
      const expression = expressionRef(never, childRef(at, "never"));
      return { at: expression.at, machine, name: name ?? `never: ${never}`, never: expression };
    }
    const listAt = childRef(at, "eventually");
    const goals = eventually.map((state, i) => names.resolve(state, childRef(listAt, i), states));
    return { at: listAt, machine, name: name ?? `eventually: ${joinWithAnd(eventually)}`, eventually: goals };
  });
}
