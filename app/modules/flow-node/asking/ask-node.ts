import { type IncomingMessage, request } from "node:http";
import { STATE_BYTES_MAX, type Told } from "../../../../contracts/flow-node/messages/fields.ts";
import { isObject } from "../../../../runtime/core/incoming-json.ts";
import { allowedAddress, type AskedAddresses } from "./allowed-address.ts";
import type { AskResult } from "./ask-counts.ts";

const ASK_MS = 2_000;

/** What a node answers; `told` is there when it is an object. */
export type Answer =
  { readonly result: "answered"; readonly told?: Told } | { readonly result: Exclude<AskResult, "answered"> };

/**
 * Asks `GET http://{node}/state`, in 2 s in all. It goes to the very address that was looked up, follows no redirect
 * and reads at most 16 KiB; only 200 with JSON is an answer. Never rejects.
 * @param node host or host:port
 */
export async function askNode(node: string, addresses: AskedAddresses, stopping: AbortSignal): Promise<Answer> {
  const over = AbortSignal.timeout(ASK_MS);
  const signal = AbortSignal.any([over, stopping]);
  const [, host = node, port = "80"] = /^(.*?)(?::(\d+))?$/.exec(node) ?? [];
  try {
    const address = await within(signal, allowedAddress(host, addresses, signal)).catch(() => null);
    if (address === null) return { result: over.aborted ? "timeout" : "unresolved" };
    if (address === undefined) return { result: "forbidden" };
    return await readAnswer(await respond(node, address, Number(port), signal));
  } catch {
    return { result: over.aborted ? "timeout" : "unreachable" };
  }
}

/** A look-up can't be ended, but waited for no longer. */
const within = <Value>(signal: AbortSignal, work: Promise<Value>): Promise<Value> =>
  new Promise((resolve, reject) => {
    const end = (): void => reject(signal.reason as Error);
    if (signal.aborted) return end();
    signal.addEventListener("abort", end, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", end));
  });

const respond = (node: string, host: string, port: number, signal: AbortSignal): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const headers = { host: node, accept: "application/json", "accept-encoding": "identity" };
    const asked = request({ host, port, path: "/state", headers, signal, agent: false });
    asked.on("response", resolve).on("error", reject);
    asked.end();
  });

/** @throws Error the connection breaks off, or the time is over */
async function readAnswer(response: IncomingMessage): Promise<Answer> {
  try {
    const { statusCode, headers } = response;
    if (statusCode !== 200) return { result: "refused" };
    if (!/^application\/(?:[a-z0-9.-]+\+)?json\b/i.test(headers["content-type"] ?? "")) return { result: "no_json" };
    const parts: Buffer[] = [];
    let bytes = 0;
    for await (const part of response as AsyncIterable<Buffer>) {
      bytes += part.length;
      if (bytes > STATE_BYTES_MAX) return { result: "too_large" };
      parts.push(part);
    }
    return readJson(Buffer.concat(parts).toString());
  } finally {
    response.destroy();
  }
}

function readJson(text: string): Answer {
  try {
    const told: unknown = JSON.parse(text);
    return { result: "answered", ...(isObject(told) && { told: told as Told }) };
  } catch {
    return { result: "no_json" };
  }
}
