import { waitUntil } from "../real/services/wait-until.ts";
import { groupBy } from "../../runtime/shell/group-by.ts";
import type { Fleet } from "./fleet.ts";
import { listAt, type Listed, ListWatch } from "./list-watch.ts";
import type { RealRegistry } from "./real-registry.ts";

const SILENT_OF_TEN = 3;
const HOLD = "node_registry/ONLINE";
const WAIT_MS = 120_000;

interface Hold {
  readonly domain: string;
  readonly subject: string;
  readonly in_force: boolean;
}

/** What came of a fleet of which some fell silent. */
export interface Silence {
  readonly silent: readonly string[];
  /** Those of the others whom the broker had a beat of within each lease: a slow machine makes silent too. */
  readonly beating: readonly string[];
  /** Of the beating: what they were seen as though they were alive. */
  readonly wronged: ReadonlyMap<string, readonly string[]>;
  readonly atTheEnd: ReadonlyMap<string, Listed>;
  /** While expiry was held: what the silent ones were listed as. */
  readonly whileHeld: ReadonlySet<string>;
  /** Since they fell silent: until expiry was held; and since an operator released it, until the last was offline. */
  readonly untilHeldMs: number;
  readonly untilOfflineMs: number;
  readonly untilBackMs: number;
  readonly fleet: Fleet;
  readonly watch: ListWatch;
}

/**
 * Of a fleet that beats three in ten fall silent at once, one of the two processes is killed in that moment and started
 * again, and an operator lets the silent ones expire. A list is watched all the time.
 */
export async function fallSilent(registry: RealRegistry, fleet: Fleet, leaseMs: number): Promise<Silence> {
  const silent = fleet.ids.filter((_, nth) => nth % 10 < SILENT_OF_TEN);
  const watch = new ListWatch(fleet.ids, registry.doors);
  const fellMs = performance.now();
  fleet.silence(silent);
  await registry.kill(registry.processes[0]);
  const back = registry.startAt(0).then(() => performance.now() - fellMs);
  const untilHeldMs = await untilHeld(registry).then(() => performance.now() - fellMs);
  const untilBackMs = await back;
  const whileHeld = new Set(await statusesOf(registry, silent));
  const releasedMs = performance.now();
  const reason = encodeURIComponent("the hall is dark");
  const { status } = await registry.atHost(
    "POST",
    `/api/v1/domains/node_registry/holds/${HOLD}/release?reason=${reason}`,
  );
  if (status !== 200) throw new Error(`the release is answered ${status}`);
  await waitUntil(
    async () => {
      const statuses = await statusesOf(registry, silent);
      if (statuses.some((each) => each !== "offline")) throw new Error(statuses.join());
    },
    { what: "all silent ones offline", timeoutMs: WAIT_MS },
  );
  const untilOfflineMs = performance.now() - releasedMs;
  await watch.end();
  await fleet.end();
  const { body } = await listAt(registry.doors[1]);
  const beating = (await heardOf(registry, leaseMs)).filter((id) => !silent.includes(id));
  return {
    ...{ silent, beating, whileHeld, untilHeldMs, untilOfflineMs, untilBackMs, fleet, watch },
    wronged: new Map(beating.flatMap((id) => (watch.seen.has(id) ? [[id, [...(watch.seen.get(id) ?? [])]]] : []))),
    atTheEnd: new Map(body.map((node) => [node.node_id, node])),
  };
}

async function untilHeld(registry: RealRegistry): Promise<void> {
  await waitUntil(
    async () => {
      const { body } = await registry.atHost<{ items: readonly Hold[] }>("GET", "/api/v1/domains/node_registry/holds");
      const held = body.items.filter(({ in_force }) => in_force).map(({ domain, subject }) => `${domain}/${subject}`);
      if (!held.includes(HOLD)) throw new Error(JSON.stringify(body));
    },
    { what: "the hold", timeoutMs: WAIT_MS },
  );
}

async function statusesOf({ doors }: RealRegistry, ids: readonly string[]): Promise<readonly string[]> {
  const { body } = await listAt(doors[1]);
  const statuses = new Map(body.map(({ node_id, status }) => [node_id, status]));
  return ids.map((id) => statuses.get(id) ?? "not listed");
}

/** Whom the broker had a message of within each lease, until the last one of all. */
async function heardOf(registry: RealRegistry, leaseMs: number): Promise<readonly string[]> {
  await registry.caughtUp();
  const records = ["RegisterNode", "NodeHeartbeat"].flatMap((type) => registry.logged(registry.inputTopic(type)));
  const endMs = Math.max(...records.map(({ atMs }) => atMs));
  const ofNode = groupBy(records, ({ key }) => String(key));
  return [...ofNode].flatMap(([id, own]) => {
    const times = [...own.map(({ atMs }) => atMs).sort((a, b) => a - b), endMs];
    return times.every((atMs, nth) => atMs - (times[nth - 1] ?? atMs) < leaseMs) ? id : [];
  });
}
