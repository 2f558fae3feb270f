import type { CallSpec } from "../core/gateway.ts";

interface Branch {
  readonly literals: Map<string, Branch>;
  parameter: Branch | undefined;
  readonly calls: Map<string, CallSpec>;
}

/** What a path stands for: the call of the method; or the methods that there are, and the call of one of them. */
export type Match =
  | { readonly call: CallSpec; readonly params: Readonly<Record<string, string>> }
  | { readonly call: CallSpec; readonly allow: readonly string[] };

const branch = (): Branch => ({ literals: new Map(), parameter: undefined, calls: new Map() });

/** Finds the call that a request is for. Of two that fit, the one with the earlier text in its path counts. */
export class RouteTable {
  readonly #root = branch();

  constructor(calls: readonly CallSpec[]) {
    for (const call of calls) {
      let at = this.#root;
      for (const segment of call.segments)
        if ("parameter" in segment) at = at.parameter ??= branch();
        else {
          const next = at.literals.get(segment.literal) ?? branch();
          at.literals.set(segment.literal, next);
          at = next;
        }
      at.calls.set(call.method, call);
    }
  }

  /** @param segments of the path, decoded. Undefined: there is nothing at this path */
  match(method: string, segments: readonly string[]): Match | undefined {
    const found = find(this.#root, segments, 0, method) ?? find(this.#root, segments, 0);
    if (!found) return undefined;
    const call = callOf(found, method);
    if (!call) {
      const [other] = found.calls.values();
      return other && { call: other, allow: allowedIn(found) };
    }
    const params = call.segments.flatMap((segment, index) =>
      "parameter" in segment ? [[segment.parameter, segments[index] ?? ""] as const] : [],
    );
    return { call, params: Object.fromEntries(params) };
  }
}

/** HEAD is answered as GET, without the body; a stream has no end that it could be answered with. */
function callOf({ calls }: Branch, method: string): CallSpec | undefined {
  const call = calls.get(method === "HEAD" ? "GET" : method);
  return method === "HEAD" && call?.does.kind === "follows" ? undefined : call;
}

const allowedIn = (found: Branch): readonly string[] => [
  ...(callOf(found, "HEAD") ? ["HEAD"] : []),
  ...found.calls.keys(),
  "OPTIONS",
];

/** @param method undefined: any will do */
function find(at: Branch, segments: readonly string[], depth: number, method?: string): Branch | undefined {
  const segment = segments[depth];
  if (segment === undefined) return at.calls.size > 0 && (method === undefined || callOf(at, method)) ? at : undefined;
  const literal = at.literals.get(segment);
  const found = literal && find(literal, segments, depth + 1, method);
  if (found) return found;
  // An empty segment is no id.
  return at.parameter && segment !== "" ? find(at.parameter, segments, depth + 1, method) : undefined;
}
