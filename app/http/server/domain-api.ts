import type { ContractChecker } from "../../contract-check/contract-checker.ts";
import type { Host, System } from "../../host/compose.ts";
import { EntityCounts } from "../entities/entity-counts.ts";
import { watchIntentFailures } from "../entities/read-explanation.ts";
import { BatchingPublisher } from "../events/batching-publisher.ts";
import { EventStreams, type OpenStreams } from "../events/event-streams.ts";
import { recordOverview } from "../overview/overview-recorder.ts";

/** What the routes of a domain share, also where they are served under two prefixes. */
export type DomainApi = ReturnType<typeof openDomainApi>;

/** @param shared by the domains of a process: one check of contracts at a time, one limit of open streams, troubles */
export function openDomainApi(
  system: System,
  shared: { readonly checker: ContractChecker; readonly openStreams: OpenStreams } & Pick<Host, "troubles">,
) {
  const counts = new EntityCounts(system);
  const failures = watchIntentFailures(system);
  const overview = recordOverview(system, counts);
  const streams = new EventStreams(system, shared.openStreams);
  const close = (): void => {
    failures.close();
    overview.close();
  };
  return {
    ...system.access,
    name: system.name,
    ...{ system, counts, failures, overview, streams, close },
    ...{ checker: shared.checker, troubles: shared.troubles },
    publisher: new BatchingPublisher(system.bus),
  };
}
