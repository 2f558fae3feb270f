import { fileURLToPath } from "node:url";
import type { DomainCode } from "../../runtime/core/domain.ts";
import { domainCodeOf, type Module } from "./module.ts";
import { optionalVariables, withoutVariables } from "./module-variables.ts";
import { refusingBackends } from "./own-backends.ts";

/** A domain as its module has it, for what checks, draws or replays contracts: an effect that is called throws. */
export interface DeclaredDomain {
  readonly name: string;
  /** The folder of its contracts. */
  readonly directory: string;
  readonly code: DomainCode;
}

export const declaredDomains = (modules: readonly Module[]): readonly DeclaredDomain[] =>
  modules.flatMap((module) =>
    module.domains.map(({ name, contracts: { href }, code }) => ({
      name,
      directory: fileURLToPath(href),
      code: domainCodeOf(name, code(refusingBackends(module), withoutVariables(module)), optionalVariables(module)),
    })),
  );
