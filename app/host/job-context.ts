import { v7 } from "uuid";
import type { Backends } from "../../effects/backends.ts";
import type { Domain } from "../../runtime/core/domain.ts";
import { type Entity, viewOf } from "../../runtime/core/entity.ts";
import { loadEntity, UnreadableData } from "../../runtime/core/entity-data.ts";
import { Fault } from "../../runtime/core/fault.ts";
import type { Payload } from "../../runtime/core/message.ts";
import type { OutgoingMessage } from "../../runtime/ports/event-bus.ts";
import type { Sql } from "../../runtime/ports/store.ts";
import { findEntities } from "../../runtime/stored/entities.ts";
import type { ServedJob } from "./jobs.ts";
import type { DomainAccess, JobContext, Variables } from "./module.ts";
import type { ReloadingRuntime } from "./reloading-runtime.ts";
import { messageTo } from "./outgoing-message.ts";

const PUBLISH_MS = 10_000;
/** Of one run, and of all routes. */
const PUBLISHES_MAX = 1_000;
const PAGE = { limit: 100, limitMax: 1_000 } as const;

interface DomainParts {
  readonly backends: Backends;
  readonly variables: Variables;
  readonly runtime: Pick<ReloadingRuntime, "bus" | "contracts" | "status">;
  readonly store: Sql;
}

/** What the runs of a domain's jobs are given. */
export const jobContextOf =
  (parts: DomainParts): ServedJob["context"] =>
  (signal, assertCurrent): JobContext => ({ ...domainAccessOf(parts, "job", assertCurrent), signal });

/**
 * @param source of its messages, as their header says
 * @param assertCurrent throws when the domain may not be used any more
 */
export function domainAccessOf(
  { backends, variables, runtime, store }: DomainParts,
  source: "job" | "http",
  assertCurrent: () => void = () => {},
): DomainAccess {
  let publishing = 0;
  return {
    backends,
    config: variables,
    async publish(type, payload) {
      assertCurrent();
      if (publishing >= PUBLISHES_MAX) throw new Error(`${PUBLISHES_MAX} publishes are not confirmed: await them`);
      const message = messageOf(runtime, type, payload, source);
      publishing++;
      await runtime.bus.publish([message], { timeoutMs: PUBLISH_MS }).finally(() => publishing--);
    },
    async read({ after = "", limit = PAGE.limit } = {}) {
      assertCurrent();
      const { domain } = runtime.contracts;
      const page = { after, limit: Math.min(Math.max(1, limit), PAGE.limitMax) };
      const entities = await findEntities(store, domain.name, {}, page);
      return entities.map((entity) => viewOf(loaded(domain, entity), domain.orchestrator));
    },
  };
}

/** Left out, it could be taken for one that is gone. @throws Fault ENTITY_UNREADABLE, not retryable */
function loaded(domain: Domain, entity: Entity): Entity {
  try {
    return loadEntity(domain, entity);
  } catch (cause) {
    if (!(cause instanceof UnreadableData)) throw cause;
    const text = `the stored data of ${entity.id} can't be read: ${cause.message}`;
    throw new Fault("ENTITY_UNREADABLE", text, { retryable: false, cause });
  }
}

/** Checked as the runtime checks it when it arrives. */
function messageOf(runtime: DomainParts["runtime"], type: string, payload: Payload, source: string): OutgoingMessage {
  const { domain } = runtime.contracts;
  const status = runtime.status();
  if (status.partitions === 0)
    throw new Fault("BUS_UNAVAILABLE", `${domain.name} is not served here yet`, { retryable: true });
  const consumed = domain.consumed.find((each) => each.type === type);
  if (!consumed) {
    const known = domain.consumed.map((each) => each.type).join(", ");
    throw new Error(`${domain.name} consumes no ${type}: ${known} are its messages`);
  }
  const id = v7();
  const envelope = { envelope_id: id, payload_type: type, payload };
  const headers = { "content-type": "application/json", message_id: id, source };
  return messageTo(domain, consumed, status, envelope, headers).outgoing;
}
