import { hostname } from "node:os";
import { dirname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Flow } from "../../../../contracts/flow-node/messages/flow.ts";
import type { FlowFunction, Means, Runnable } from "../../../../effects/process/runnable.ts";
import type { Json } from "../../../../runtime/core/message.ts";
import { discoverFlows, readScope, ScopeError } from "./read-scope.ts";
import { Scope, type ScopeFlow, TIMEOUT_MS } from "./scope-schema.ts";
import { userIds } from "./user-ids.ts";

export interface OfferedFlow {
  /** The eight fields. */
  readonly flow: Flow;
  /** Undefined: the flow is listed, and can't be run here. */
  readonly runnable: Runnable | undefined;
  /** What counts where a launch says nothing else. */
  readonly inputs: Readonly<Record<string, Json>>;
}

export interface RegistryAddress {
  readonly url: string;
  readonly tokenFile: string | undefined;
}

/** What a node is, and what it can run. */
export interface FlowNode {
  readonly name: string;
  readonly registries: readonly RegistryAddress[];
  readonly flows: readonly OfferedFlow[];
  readonly concurrency: number;
  /** How long what has ended is kept that nobody has acknowledged, in ms. */
  readonly keepMs: number;
}

interface NodeFiles {
  readonly scope?: string | undefined;
  readonly discover?: string | undefined;
  readonly registries?: readonly string[];
}

/** @throws ScopeError with every problem of a file at once */
export async function loadFlowNode({ scope: file, discover, registries = [] }: NodeFiles): Promise<FlowNode> {
  const scope = file === undefined ? Scope.parse({ node: hostname() }) : readScope(file);
  const found = discover === undefined ? [] : discoverFlows(discover);
  const repeated = found.find(({ path }) => scope.flows.some((flow) => flow.path === path));
  if (repeated) throw new ScopeError(`${discover}: ${repeated.path} is in ${file} too: keep one of them`);
  const folder = dirname(resolve(file ?? "."));
  const functions = scope.functions === undefined ? {} : await functionsOf(resolve(folder, scope.functions));
  const offer = (flow: ScopeFlow, cwd: string): OfferedFlow => offeredFlow(flow, scope, { cwd, functions });
  return {
    name: scope.node,
    registries: [
      ...scope.registries.map(({ url, token_file }) => ({
        url,
        tokenFile: token_file === undefined ? undefined : resolve(folder, token_file),
      })),
      ...registries.map((url) => ({ url, tokenFile: undefined })),
    ],
    flows: [
      ...scope.flows.map((flow) => offer(flow, folder)),
      ...found.map((flow) => offer(flow, resolve(discover ?? "."))),
    ],
    concurrency: scope.concurrency,
    keepMs: scope.keep,
  };
}

interface Surroundings {
  readonly cwd: string;
  readonly functions: Readonly<Record<string, unknown>>;
}

function offeredFlow(flow: ScopeFlow, { run_as: ofAll }: Scope, { cwd, functions }: Surroundings): OfferedFlow {
  const { path, name, source, description, author, organization, published, release } = flow;
  const { run, http, call, env = {}, timeout = TIMEOUT_MS, inputs = {}, run_as = ofAll } = flow;
  const means = (): Means | undefined => {
    const [program, ...args] = run ?? [];
    if (program !== undefined) {
      const user = run_as === undefined ? {} : { user: userIds(run_as) };
      return { kind: "process", argv: [program, ...args], cwd, env, ...user };
    }
    if (http !== undefined) return { kind: "http", url: http };
    return call === undefined ? undefined : { kind: "function", run: functionOf(call, path, functions) };
  };
  const how = means();
  return {
    flow: { path, name, source, description, author, organization, published, release },
    runnable: how && { means: how, timeoutMs: timeout },
    inputs: inputs as OfferedFlow["inputs"],
  };
}

async function functionsOf(file: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(pathToFileURL(file).href)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    throw new ScopeError(`functions: ${file} can't be loaded: ${String(error)}`);
  }
}

function functionOf(name: string, path: string, functions: Surroundings["functions"]): FlowFunction {
  const found = functions[name];
  if (typeof found === "function") return found as FlowFunction;
  const known = Object.keys(functions).join(", ") || "none";
  throw new ScopeError(`${path}: call: ${name} is no function of the file under functions (there: ${known})`);
}
