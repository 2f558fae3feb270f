import { derivedId } from "../../../../runtime/core/ids.ts";

/** A node that may be asked. Times in ms since the epoch, by the store's clock. */
export interface AskedNode {
  readonly node: string;
  readonly isAlive: boolean;
  /** Null: it was not heard of since it was connected; then that counts. */
  readonly heartbeatMs: number;
  /** When it counts as not alive; null: it does already. */
  readonly expiresMs: number | null;
}

/** A node is asked once more in so much time before it counts as not alive, whatever came of asking before. */
const LAST_MS = 30_000;
const BACK_OFF_MAX_MS = 600_000;
/** Nodes that fall silent together, or are all new to this process, are asked one after another. */
const SPREAD_MAX_MS = 10_000;

interface Asking {
  dueMs: number;
  askedMs: number;
  failures: number;
  isUnderWay: boolean;
}

/** Which nodes are to be asked when. Knows nothing of sockets and clocks. */
export class AskPlan {
  readonly #everyMs: number;
  readonly #askings = new Map<string, Asking>();

  constructor(everyMs: number) {
    this.#everyMs = everyMs;
  }

  /** The silent ones that are due, most urgent first. @param silent all of them: others are forgotten */
  due(silent: readonly AskedNode[], nowMs: number): readonly string[] {
    const names = new Set(silent.map(({ node }) => node));
    for (const node of this.#askings.keys()) if (!names.has(node)) this.#askings.delete(node);
    return silent
      .filter((each) => this.#isDue(each, nowMs))
      .sort((a, b) => (a.expiresMs ?? Infinity) - (b.expiresMs ?? Infinity))
      .map(({ node }) => node);
  }

  #isDue({ node, isAlive, expiresMs }: AskedNode, nowMs: number): boolean {
    const asking = this.#askings.get(node);
    const lastMs = expiresMs === null ? Infinity : expiresMs - Math.min(LAST_MS, this.#everyMs / 2);
    if (asking?.isUnderWay) return false;
    if (asking) return nowMs >= asking.dueMs || (isAlive && nowMs >= lastMs && asking.askedMs < lastMs);
    const dueMs = Math.min(
      nowMs + spreadOf(node) * Math.min(SPREAD_MAX_MS, this.#everyMs / 2),
      Math.max(nowMs, lastMs),
    );
    this.#askings.set(node, { dueMs, askedMs: -Infinity, failures: 0, isUnderWay: false });
    return dueMs <= nowMs;
  }

  /** Until it is known what came of it, it is not asked again. */
  asked(node: string, nowMs: number): void {
    const { failures = 0 } = this.#askings.get(node) ?? {};
    this.#askings.set(node, { dueMs: Infinity, askedMs: nowMs, failures, isUnderWay: true });
  }

  answered(node: string, nowMs: number): void {
    this.#end(node, nowMs, 0);
  }

  failed(node: string, nowMs: number): void {
    this.#end(node, nowMs, (this.#askings.get(node)?.failures ?? 0) + 1);
  }

  #end(node: string, nowMs: number, failures: number): void {
    const asking = this.#askings.get(node);
    if (!asking) return;
    const waitMs = Math.min(this.#everyMs * 2 ** Math.max(0, failures - 1), Math.max(BACK_OFF_MAX_MS, this.#everyMs));
    this.#askings.set(node, { ...asking, dueMs: nowMs + waitMs, failures, isUnderWay: false });
  }
}

/** From 0 to 1, of each name another one and always the same. */
const spreadOf = (node: string): number =>
  Number.parseInt(derivedId("flow node asked", node).slice(0, 8), 16) / 2 ** 32;
