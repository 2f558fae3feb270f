import { z } from "zod";
import type { System } from "../../host/system.ts";
import { withTimeout } from "../../host/with-timeout.ts";
import { readPartitionServices } from "./partition-service.ts";

const PartStatus = z.object({ ok: z.boolean(), reason: z.string().optional() });
export const ReadinessView = z.object({
  status: z.enum(["ready", "not_ready"]),
  notices: z.array(z.string()).describe("what an operator should know although it stops no work, such as a hold"),
  parts: z.object({
    bus: PartStatus,
    store: PartStatus,
    catalogue: PartStatus,
    contracts: PartStatus.extend({ hash: z.string() }),
    partitions: PartStatus.extend({ owned: z.int(), of: z.int(), refused: z.array(z.string()) }),
  }),
});
export type ReadinessView = z.infer<typeof ReadinessView>;

/** How long an answer of the catalogue is cached, and how long it may take. */
const REACH_CACHE_MS = 2_000;
const REACH_TIMEOUT_MS = 2_000;

type PartState = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** Checks whether each part of a system can do its work. */
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
      ...(refusedChange ? [`a contract change by ${refusedChange.by} was refused: ${refusedChange.reason}`] : []),
      ...runtime
        .status()
        .holds.map(
          ({ state, entities, total }) =>
            `expiry of ${state} is held: ${entities} of ${total} would have happened at once; rollcall hold release ` +
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
    return withTimeout(clock, REACH_TIMEOUT_MS, catalog.probe()).then(
      (): PartState => ({ ok: true }),
      (error: unknown): PartState => ({ ok: false, reason: reasonOf(error) }),
    );
  }

  /** A process without partitions is ready when other processes serve all of them: it can take over. */
  async #partitionStatus(owned: number, of: number): Promise<PartState> {
    if (owned > 0) return { ok: true };
    if (of === 0) return { ok: false, reason: "not started yet" };
    const { store, domain } = this.#system;
    try {
      const services = await readPartitionServices(store, domain.name);
      const served = services.filter(({ isServed }) => isServed).length;
      return served >= of ? { ok: true } : { ok: false, reason: `none owned, and ${of - served} of ${of} unserved` };
    } catch (error) {
      return { ok: false, reason: reasonOf(error) };
    }
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
