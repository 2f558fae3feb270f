import type { Domain } from "../core/domain.ts";
import { type Entity, viewOf } from "../core/entity.ts";
import { shownEntity } from "../core/entity-data.ts";
import type { ShownEntity } from "../core/gateway-code.ts";

/** An entity as views are given it. */
export const shown = (domain: Domain, entity: Entity, lastSeenMs: number | null): ShownEntity => ({
  ...viewOf(shownEntity(domain, entity), domain.orchestrator),
  ...{ seq: entity.seq, stateSince: entity.stateSince, lastSeen: lastSeenMs },
});
