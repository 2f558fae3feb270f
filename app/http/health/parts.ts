import { z } from "zod";
import type { System } from "../../host/compose.ts";
import { type Trouble, type TroubleCode, troublesFor } from "../../host/troubles/trouble.ts";

const PartStatus = z.object({ ok: z.boolean(), reason: z.string().optional() });
/** What a domain needs for its work. */
export const Parts = z.object({
  bus: PartStatus,
  store: PartStatus,
  catalogue: PartStatus.optional().describe("absent: the domain does not use it"),
  contracts: PartStatus.extend({ hash: z.string() }),
  partitions: PartStatus.extend({ owned: z.int(), of: z.int(), refused: z.array(z.string()) }),
});
export type Parts = z.infer<typeof Parts>;

const PARTITION_CODES: readonly TroubleCode[] = ["DOMAIN_FAILED", "STARTING", "PARTITION_REFUSED", "PARTITION_STALLED"];

/** @param troubles of the process */
export function partsOf({ name, runtime, domain, backends }: System, troubles: readonly Trouble[]): Parts {
  const { bus, store, owned, partitions: of, refused } = runtime.status();
  const own = troublesFor(troubles, name);
  const without = (isIt: (trouble: Trouble) => boolean): z.infer<typeof PartStatus> => {
    const trouble = own.find(isIt);
    return trouble ? { ok: false, reason: trouble.detail } : { ok: true };
  };
  const catalogue = without(({ code, subject }) => code === "BACKEND_UNAVAILABLE" && subject === "catalogue");
  return {
    bus: bus.ok ? { ok: true } : { ok: false, reason: bus.reason },
    store: store.ok ? { ok: true } : { ok: false, reason: store.reason },
    ...(backends.opened.some((each) => each.name === "catalogue") && { catalogue }),
    contracts: { ok: true, hash: domain.contractHash },
    partitions: {
      ...without(({ code }) => PARTITION_CODES.includes(code)),
      ...{ owned: owned.length, of, refused: [...refused] },
    },
  };
}

/** Reasons name machines and users. */
export function withoutReasons({ bus, store, catalogue, contracts, partitions }: Parts): Parts {
  const { ok, owned, of } = partitions;
  return {
    bus: { ok: bus.ok },
    store: { ok: store.ok },
    ...(catalogue && { catalogue: { ok: catalogue.ok } }),
    contracts: { ok: contracts.ok, hash: contracts.hash },
    partitions: { ok, owned, of, refused: [] },
  };
}
