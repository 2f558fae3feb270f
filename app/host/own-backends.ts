import { type Backends, type DomainBackends, type OpenedBackend, withoutBackends } from "../../effects/backends.ts";
import type { Module, ModuleBackend, Variables } from "./module.ts";

/** Every name that a domain's backends have already, and that of a part of readiness. */
export const TAKEN_NAMES: readonly string[] = [...Object.keys(withoutBackends), "opened", "catalogue"];

const backendsIn = ({ backends = {} }: Module): readonly (readonly [string, ModuleBackend])[] =>
  Object.entries(backends);

/** The backends of modules' own in a process: each is opened when a domain first uses it. */
export class OwnBackends {
  readonly #clients = new Map<ModuleBackend, unknown>();
  readonly #onUnclosed: (error: unknown) => void;

  /** @param onUnclosed is told of each that can't be closed */
  constructor(onUnclosed: (error: unknown) => void) {
    this.#onUnclosed = onUnclosed;
  }

  /** A domain's backends, with those of its module. */
  addTo(shared: DomainBackends, module: Module, variables: Variables): DomainBackends {
    const opened = new Map<string, OpenedBackend>();
    const use = (name: string, backend: ModuleBackend): unknown => {
      const shown = `${module.name}/${name}`;
      const client = this.#open(shown, backend, variables);
      if (backend.check && !opened.has(shown))
        opened.set(shown, { name: shown, check: async () => ({ version: await checked(backend, client) }) });
      return client;
    };
    const own = backendsIn(module).map(
      ([name, backend]) => [name, { enumerable: true, get: () => use(name, backend) }] as const,
    );
    return Object.defineProperties({} as DomainBackends, {
      ...Object.getOwnPropertyDescriptors(shared),
      ...Object.fromEntries(own),
      opened: { get: () => [...shared.opened, ...opened.values()] },
    });
  }

  /** Each, also when another one can't be closed. */
  async close(): Promise<void> {
    const closing = [...this.#clients].map(async ([backend, client]) => backend.close?.(client));
    for (const result of await Promise.allSettled(closing))
      if (result.status === "rejected") this.#onUnclosed(result.reason);
  }

  #open(shown: string, backend: ModuleBackend, variables: Variables): unknown {
    if (!this.#clients.has(backend))
      try {
        this.#clients.set(backend, backend.open(variables));
      } catch (cause) {
        throw new Error(`the backend ${shown} can't be opened: ${String(cause)}`, { cause });
      }
    return this.#clients.get(backend);
  }
}

const checked = async (backend: ModuleBackend, client: unknown): Promise<string> =>
  (await backend.check?.(client)) ?? "reachable";

/** For commands that check, draw or replay contracts: every use of a backend throws. */
export const refusingBackends = (module: Module): Backends => ({
  ...withoutBackends,
  ...Object.fromEntries(backendsIn(module).map(([name]) => [name, refusingClient(name)])),
});

function refusingClient(name: string): unknown {
  const refuse = (): never => {
    throw new Error(`the backend ${name} is used where there is none: use it when an effect runs, not before`);
  };
  return new Proxy(refuse, { get: refuse, construct: refuse });
}
