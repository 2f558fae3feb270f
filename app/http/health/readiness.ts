import { z } from "zod";
import type { System } from "../../host/system.ts";

const PartStatus = z.object({ ok: z.boolean(), reason: z.string().optional() });
export const ReadinessView = z.object({
  status: z.enum(["ready", "not_ready"]),
  notices: z.array(z.string()).describe("what people should know although it hinders no work, such as a hold"),
  parts: z.object({
    bus: PartStatus,
    store: PartStatus,
    catalogue: PartStatus,
    contracts: PartStatus.extend({ hash: z.string() }),
    partitions: PartStatus.extend({ owned: z.int(), of: z.int(), refused: z.array(z.string()) }),
  }),
});
export type ReadinessView = z.infer<typeof ReadinessView>;

/** How long an answer of the catalogue is good for, and how long it may take. */
const REACH_CACHE_MS = 2_000;
const REACH_TIMEOUT_MS = 2_000;
/** An owner says once a second that it serves its partitions. */
const SERVED_WITHIN_SECONDS = 5;

type PartState = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** Asks the parts of a system whether they can do their work. */
export class Readiness {
  readonly #system: System;
  #catalogue: { readonly atMs: number; readonly answer: Promise<PartState> } | undefined;

  constructor(system: System) {
    this.#system = system;
  }

  async parts(): Promise<ReadinessView["parts"]> {
    const { runtime, domain } = this.#system;
    const { bus, store, owned, partitions: of, refused } = runtime.status();
    const [catalogue, served] = await Promise.all([this.#reachCatalogue(), this.#partitionStatus(owned.length, of)]);
    const partitions: PartState = refused.length > 0 ? { ok: false, reason: refused.join("; ") } : served;
    return {
      bus,
      store,
      catalogue,
      contracts: { ok: true, hash: domain.contractHash },
      partitions: { ...partitions, owned: owned.length, of, refused: [...refused] },
    };
  }

  notices(): string[] {
    const { runtime, domain } = this.#system;
    const { refusedChange } = runtime;
    return [
      ...(refusedChange
        ? [`a change of the contracts by ${refusedChange.by} is refused: ${refusedChange.reason}`]
        : []),
      ...runtime
        .status()
        .holds.map(
          ({ state, entities, total }) =>
            `expiry of ${state} is held: ${entities} of ${total} would have gone at once; rollcall hold release ` +
            `${domain.name} ${state}`,
        ),
    ];
  }

  #reachCatalogue(): Promise<PartState> {
    const { clock } = this.#system;
    if (this.#catalogue === undefined || clock.monotonicMs() - this.#catalogue.atMs > REACH_CACHE_MS)
      this.#catalogue = { atMs: clock.monotonicMs(), answer: this.#askCatalogue() };
    return this.#catalogue.answer;
  }

  async #askCatalogue(): Promise<PartState> {
    const { catalog, clock } = this.#system;
    let cancel = (): void => {};
    const late = new Promise<PartState>((resolve) => {
      const reason = `no answer within ${REACH_TIMEOUT_MS} ms`;
      cancel = clock.after(REACH_TIMEOUT_MS, () => resolve({ ok: false, reason }));
    });
    const answer = catalog.probe().then(
      (): PartState => ({ ok: true }),
      (error: unknown): PartState => ({ ok: false, reason: reasonOf(error) }),
    );
    return Promise.race([answer, late]).finally(() => cancel());
  }

  /** A process without partitions is ready to take some when others serve all of them. */
  async #partitionStatus(owned: number, of: number): Promise<PartState> {
    if (owned > 0) return { ok: true };
    if (of === 0) return { ok: false, reason: "not started yet" };
    const { store, domain } = this.#system;
    try {
      const [row] = await store.query<{ served: number }>(
        `select count(*)::int as served from rollcall.partition_owner
          where domain = $1 and owner <> '' and served_at > now() - make_interval(secs => $2)`,
        [domain.name, SERVED_WITHIN_SECONDS],
      );
      const served = row?.served ?? 0;
      return served >= of ? { ok: true } : { ok: false, reason: `none owned, and ${of - served} of ${of} unserved` };
    } catch (error) {
      return { ok: false, reason: reasonOf(error) };
    }
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
