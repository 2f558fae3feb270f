import {
  HEARD,
  type LineEnds,
  type NoticeListener,
  type Notices,
  type NoticesStatus,
} from "../../../runtime/ports/notices.ts";
import type { Machine } from "../machine.ts";
import type { Network } from "../network.ts";

const TOLD_TWICE = 0.05;

/** What the database passes on between its listeners, mostly. */
export class NoticeBoard {
  readonly #network: Network;
  readonly #members = new Set<SimNotices>();
  /** Probability that a notice does not arrive, and how much later it arrives at most. */
  readonly faults = { lost: 0, lateMaxMs: 0 };

  constructor(network: Network) {
    this.#network = network;
  }

  join(member: SimNotices): void {
    this.#members.add(member);
    member.machine.whenDead(() => this.#members.delete(member));
  }

  pass(from: SimNotices, domain: string, ends: LineEnds): void {
    const { random, faults } = this.#network;
    if (faults.store.down) return;
    for (const member of this.#members) {
      if (member === from || random.chance(this.faults.lost)) continue;
      for (let copies = random.chance(TOLD_TWICE) ? 2 : 1; copies > 0; copies--) {
        const wayMs = 2 * this.#network.oneWayDelayMs("store") + random.next() * this.faults.lateMaxMs;
        member.machine.after(wayMs, () => member.hear(domain, ends));
      }
    }
  }
}

/** A machine's NOTIFY and LISTEN. */
export class SimNotices implements Notices {
  readonly machine: Machine;
  readonly #board: NoticeBoard;
  readonly #listeners = new Set<NoticeListener>();

  constructor(board: NoticeBoard, machine: Machine) {
    this.machine = machine;
    this.#board = board;
    board.join(this);
  }

  tell(domain: string, ends: LineEnds): void {
    this.hear(domain, ends);
    // A call of its own behind the commit: the machine may die before it.
    if (this.machine.countCall()) this.#board.pass(this, domain, ends);
  }

  hear(domain: string, ends: LineEnds): void {
    for (const listener of this.#listeners) listener(domain, ends);
  }

  listen(listener: NoticeListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  get status(): NoticesStatus {
    return this.#board.faults.lost < 1 ? HEARD : { isHeard: false, unheardForMs: 0, reason: null };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
