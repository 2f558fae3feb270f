import { buildDomainModel, type DomainModel } from "../../runtime/contract/model/domain-model.ts";
import type { ContractSet } from "../../runtime/contract/reading/contract-source.ts";
import { setVariablesOf, unsetVariablesOf, wholeSet, whereUnset } from "../../runtime/contract/reading/contract-set.ts";
import { Fault } from "../../runtime/core/fault.ts";
import type { Clock } from "../../runtime/ports/clock.ts";
import type { Sql } from "../../runtime/ports/store.ts";
import { sleep } from "../../runtime/shell/shell-context.ts";
import { readPartitionServices, UNSERVED_SECONDS } from "../../runtime/stored/partition-owners.ts";
import type { CompiledContracts } from "./contracts-in-force.ts";

/** What there is of a folder's contracts where these variables are set. */
export const whereConfigured = (model: DomainModel, variables: ReadonlySet<string>): DomainModel =>
  withoutEffects(
    model,
    setVariablesOf(wholeSet(model.set)).filter((name) => !variables.has(name)),
  );

/** A folder's contracts in the configuration that others ran in, as far as these go by the same variables. */
export const configuredAs = (model: DomainModel, ran: ContractSet | undefined): DomainModel =>
  ran ? withoutEffects(model, unsetVariablesOf(ran)) : model;

/** With all that is left out. */
export const wholeModel = (model: DomainModel): DomainModel => withoutEffects(model, []);

function withoutEffects(model: DomainModel, unset: readonly string[]): DomainModel {
  const set = whereUnset(model.set, unset);
  return set === model.set ? model : buildDomainModel(set, model.code);
}

/**
 * Refuses contracts in force that are for another configuration than this process's: it could not carry out what they
 * ask for, or would not ask for what it is configured for.
 * @param folder the contracts of its own
 * @throws Fault CONFIGURATION_DIFFERS, not retryable
 */
export function refuseOtherConfiguration(inForce: CompiledContracts, folder: CompiledContracts): void {
  const differences = configurationDifferences(inForce, folder);
  if (differences.length > 0) throw configurationDiffers(inForce.domain.name, differences);
}

export const configurationDiffers = (domain: string, differences: readonly string[]): Fault =>
  new Fault(
    "CONFIGURATION_DIFFERS",
    `the contracts of ${domain} in force are for another configuration: ${differences.join("; ")}. Configure this ` +
      "process as those that serve it, or stop them all first: the first one that is started then decides",
    { retryable: false },
  );

/** Variables that effects of both go by and that are set for one of them only, as texts. */
export function configurationDifferences(inForce: CompiledContracts, folder: CompiledContracts): readonly string[] {
  const [there, here] = [inForce.model.set, folder.model.set];
  const unsetHere = unsetVariablesOf(here).filter((name) => setVariablesOf(there).includes(name));
  const unsetThere = unsetVariablesOf(there).filter((name) => setVariablesOf(here).includes(name));
  return [
    ...unsetHere.map((name) => `${name} is set there, and not here`),
    ...unsetThere.map((name) => `${name} is set here, and not there`),
  ];
}

/** Whether any process serves the domain; one that has stopped a moment ago is waited for. */
export async function isServed(sql: Sql, domain: string, clock: Clock): Promise<boolean> {
  const isServedNow = async (): Promise<boolean> =>
    (await readPartitionServices(sql, domain)).some((each) => each.isServed);
  if (!(await isServedNow())) return false;
  await sleep(clock, UNSERVED_SECONDS * 1_000);
  return isServedNow();
}
