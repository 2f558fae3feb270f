import { validateDomain } from "../../../runtime/contract/checks/validate.ts";
import { compileDomain } from "../../../runtime/contract/compile/compile-domain.ts";
import type { Domain, DomainCode } from "../../../runtime/core/domain.ts";
import { done, type Effect, effect, failed, type Outcome } from "../../../runtime/core/effect.ts";
import type { Intent, IntentDefinition } from "../../../runtime/core/intent.ts";
import { Fault } from "../../../runtime/core/fault.ts";
import type { NewEvent } from "../../../runtime/core/message.ts";
import type { ServiceChange, ServiceRegistry } from "../../../effects/service-catalog/service-registry.ts";
import { copyContracts, type Edit } from "../../blackbox/contracts-copy.ts";

/** A folder's contracts, compiled. @param edits days are too long to be simulated */
export function compiledToy(folder: string, code: DomainCode, edits: readonly Edit[] = []): Domain {
  const contracts = copyContracts(folder, edits);
  const { model } = validateDomain(contracts.dir, code);
  contracts.remove();
  if (!model) throw new Error(`the contracts of ${code.domain} have errors`);
  return compileDomain(model, { env: "dev", namespace: "" });
}

export const topicOf = ({ consumed }: Domain, type: string): string =>
  consumed.find((each) => each.type === type)?.topic ?? "";

/** The domain with effects that write to the simulated catalogue. */
export function withEffects(domain: Domain, effects: readonly Effect[], hash = domain.contractHash): Domain {
  const own = new Map(effects.map((each) => [each.intent.intentType, each]));
  const all = [...domain.effects].map(
    ([type, spec]) => [type, { ...spec, effect: own.get(type) ?? spec.effect }] as const,
  );
  return { ...domain, effects: new Map(all), contractHash: hash };
}

/** Writes a batch to the catalogue. @param answer what a success is told by, if anything */
export const catalogueEffect = (
  intent: IntentDefinition,
  registry: ServiceRegistry,
  changeOf: (intent: Intent<never>) => ServiceChange,
  answer?: NewEvent,
): Effect => {
  const run = async (all: readonly Intent<never>[], { signal }: { readonly signal: AbortSignal }) => {
    const results = await registry.apply(all.map(changeOf), signal);
    return results.map((result): Outcome => (result instanceof Fault ? failed(result) : done(answer)));
  };
  return effect(intent as never, [], run as never);
};

/** An entry of the catalogue under an id. */
export const entryOf = (serviceId: string, version: number, address: string | null): ServiceChange => ({
  ...{ kind: "register", serviceId, version },
  entry: {
    ...{ name: serviceId, nodeId: serviceId, tags: [], address, port: null },
    check: { status: "passing", note: "" },
  },
});
