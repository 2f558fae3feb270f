import { fileURLToPath } from "node:url";
import type { Backends } from "../../effects/backends.ts";
import { validateDomain } from "../../runtime/contract/checks/validate.ts";
import { compileDomain } from "../../runtime/contract/compile/compile-domain.ts";
import { compileGateways } from "../../runtime/contract/compile/compile-gateways.ts";
import { formatDiagnostics } from "../../runtime/contract/diagnostics/format-diagnostics.ts";
import type { DomainModel } from "../../runtime/contract/model/domain-model.ts";
import { readContractFolder } from "../../runtime/contract/reading/contract-folder.ts";
import { fromRfc3339 } from "../../runtime/core/time.ts";
import { checkModule } from "../host/check-module.ts";
import { refusingBackends } from "../host/own-backends.ts";
import { whereConfigured } from "../host/configuration.ts";
import { domainCodeOf, type Module, type ModuleDomain, type Variables } from "../host/module.ts";
import { optionalVariables, withoutVariables } from "../host/module-variables.ts";
import { unknownName } from "./known-names.ts";
import { memoryServiceCatalog } from "../../effects/service-catalog/memory-catalog.ts";
import { ManualClock } from "./manual-clock.ts";
import { TestDomain } from "./memory-domain.ts";

export interface TestDomainOptions {
  /** Which of the module's domains; default: its only one. */
  readonly domain?: string;
  /** A folder, or its URL, with contracts that replace the module's own. */
  readonly contracts?: string | URL;
  /**
   * What the module's effects use when `runEffects` runs them. Default: the test's clock, `memoryServiceCatalog`, and
   * SQL and backends of the module's own that refuse every use.
   */
  readonly backends?: Partial<Backends> & Readonly<Record<string, unknown>>;
  /** Of the module's variables, as `config` makes them of the environment. Default: their defaults, else undefined. */
  readonly config?: Variables;
  /** Variables that effects go by (`where_set`) and that are not set. Default: none, so all effects are there. */
  readonly unset?: readonly string[];
  /** The time at which the test begins, RFC 3339; default: 2026-01-01T00:00:00Z. */
  readonly now?: string;
}

/**
 * A domain of a module in memory: its contracts as the runtime checks and compiles them, and its code. Nothing is read
 * but the contracts, nothing runs by itself, and the same calls give the same decisions and ids.
 * @throws InvalidModuleError for a module that could not be served
 * @throws Error with every diagnostic of contracts that have errors, by file and line
 */
export function testDomain<Data = unknown>(module: Module, options: TestDomainOptions = {}): TestDomain<Data> {
  const { unset = [] } = options;
  const variables = { ...withoutVariables(checkModule(module, "under test")), ...options.config };
  const chosen = chosenDomain(module, options.domain);
  const folder = options.contracts ?? chosen.contracts;
  const whole = validModel(module, chosen, variables, typeof folder === "string" ? folder : fileURLToPath(folder));
  const model = whereConfigured(whole, new Set(optionalVariables(module).filter((name) => !unset.includes(name))));
  const clock = clockAt(options.now);
  const serviceCatalog = memoryServiceCatalog({ env: "test", namespace: "", domain: chosen.name });
  const { effects = {} } = chosen.code(
    { ...refusingBackends(module), clock, serviceCatalog, ...options.backends },
    variables,
  );
  const code = { ...model.code, effects };
  const served = { ...model, code };
  return new TestDomain<Data>(compileDomain(served, { env: "test", namespace: "" }), {
    ...{ messages: code.messages, gateways: compileGateways(served), clock },
  });
}

/** A domain's contracts as they were last read: a suite asks for the same with each test. */
const lastModels = new WeakMap<ModuleDomain, { readonly read: string; readonly model: DomainModel }>();

function validModel(module: Module, domain: ModuleDomain, variables: Variables, directory: string): DomainModel {
  const read = JSON.stringify(readContractFolder(directory));
  const last = lastModels.get(domain);
  if (last?.read === read) return last.model;
  const made = domain.code(refusingBackends(module), variables);
  const code = domainCodeOf(domain.name, made, optionalVariables(module));
  const { model, diagnostics } = validateDomain(directory, code);
  if (!model) throw new Error(`the contracts have errors:\n${formatDiagnostics(diagnostics, "text")}`);
  lastModels.set(domain, { read, model });
  return model;
}

function chosenDomain({ name: module, domains }: Module, wanted: string | undefined): ModuleDomain {
  const names = domains.map(({ name }) => name);
  if (wanted === undefined && names.length > 1)
    throw new Error(`the module ${module} has the domains ${names.join(", ")}: name one by the option domain`);
  const chosen = wanted === undefined ? domains[0] : domains.find(({ name }) => name === wanted);
  if (!chosen) throw unknownName("domain", String(wanted), names);
  return chosen;
}

function clockAt(now: string | undefined): ManualClock {
  const clock = new ManualClock();
  if (now === undefined) return clock;
  const nowMs = fromRfc3339(now);
  if (nowMs === undefined) throw new Error(`now: ${now} is no RFC 3339 time, such as 2026-01-01T00:00:00Z`);
  clock.wallAtMs = nowMs;
  return clock;
}
