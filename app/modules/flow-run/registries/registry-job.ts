import { readFileSync } from "node:fs";
import { loadavg } from "node:os";
import { pause } from "../../../../client/back-off.ts";
import { requestJson } from "../../../../client/json-request.ts";
import type { Runner } from "../../../../effects/process/runner.ts";
import type { Job } from "../../../host/module.ts";
import type { FlowNode, RegistryAddress } from "../node/flow-node.ts";
import { RegistryLink, type RegistryStatus } from "./registry-link.ts";

const REQUEST_MS = 10_000;
/** When the node leaves. */
const GOODBYE_MS = 1_500;
const ANSWER_BYTES_MAX = 1024 * 1024;

export interface RegistryJobs {
  readonly jobs: readonly Job<object, { readonly runner: Runner }>[];
  readonly statuses: () => readonly RegistryStatus[];
}

/** A job for each registry, so that one that does not answer holds up no other. */
export function registryJobs(
  node: FlowNode,
  { token, say }: { readonly token: string | undefined; readonly say: (line: string) => void },
): RegistryJobs {
  const links = new Map<string, RegistryLink>();
  const jobs = node.registries.map((address, index): RegistryJobs["jobs"][number] => ({
    name: `registry_${index + 1}`,
    every: "always",
    async run({ backends, signal }) {
      const own = tokenOf(address) ?? token;
      const of = { url: address.url, node: node.name, flows: node.flows.map(({ flow }) => flow) };
      const link = new RegistryLink(worldOf(address.url, own, signal, say), of, () => ({
        ...{ runs: backends.runner.count, concurrency: node.concurrency, load: loadavg()[0] ?? 0 },
      }));
      links.set(address.url, link);
      await link.run();
    },
  }));
  return { jobs, statuses: () => [...links.values()].map(({ status }) => status) };
}

const worldOf = (url: string, token: string | undefined, signal: AbortSignal, say: (line: string) => void) => ({
  ask: (method: "POST" | "PUT", path: string, body: object) =>
    requestJson({
      ...{ method, url, token, body, bytesMax: ANSWER_BYTES_MAX },
      // A registry may be below a path.
      path: new URL(url).pathname.replace(/\/$/, "") + path,
      // The goodbye comes when the signal is aborted.
      ...(signal.aborted ? { timeoutMs: GOODBYE_MS } : { timeoutMs: REQUEST_MS, signal }),
    }),
  pause: (ms: number) => pause(ms, signal),
  ...{ random: Math.random, nowMs: Date.now, isStopping: () => signal.aborted, say },
});

/** Read anew with each run, so that it can be replaced. @throws Error: the file can't be read */
const tokenOf = ({ tokenFile }: RegistryAddress): string | undefined =>
  tokenFile === undefined ? undefined : readFileSync(tokenFile, "utf8").trim();
