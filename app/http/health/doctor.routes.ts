import { allSourcesOf } from "../../../runtime/contract/reading/contract-set.ts";
import { z } from "zod";
import { topicsOf } from "../../../runtime/shell/topics.ts";
import { countUnretriedByCode } from "../../../runtime/stored/dead-letters.ts";
import { countIntentsByType, readWaitingIntents } from "../../../runtime/stored/intents.ts";
import { readPartitionServices } from "../../../runtime/stored/partition-owners.ts";
import { countTombstones } from "../../../runtime/stored/tombstones.ts";
import type { Host, System } from "../../host/compose.ts";
import { type Trouble, type TroubleCode, troublesFor } from "../../host/troubles/trouble.ts";
import { withTimeout } from "../../host/with-timeout.ts";
import { VERSION } from "../../version.ts";
import { apiRoute, type Http } from "../server/route-types.ts";
import { formatDuration } from "../server/text-format.ts";
import { systemOf } from "./health.routes.ts";

const Check = z.object({
  name: z.string().describe("what was examined, or the code of a trouble"),
  level: z.enum(["ok", "note", "finding"]).describe("a finding is something to act on"),
  detail: z.string(),
  remedy: z.string().optional(),
});
type Check = z.infer<typeof Check>;
const DoctorCheck = Check.extend({ domain: z.string().nullable().describe("null: of the whole process") });
export type DoctorCheck = z.infer<typeof DoctorCheck>;

const Report = z.object({
  ok: z.boolean().describe("false: at least one check is a finding"),
  checked_at: z.iso.datetime(),
  checks: z.array(DoctorCheck),
});
const Query = z.object({
  domain: z.string().max(255).optional().describe("only this domain's; default: every domain's"),
});

const CHECK_TIMEOUT_MS = 5_000;
const CLOCK_SKEW_MAX_MS = 1_000;
const INTENT_AGE_MAX_MS = 60_000;
const WAITING_SHOWN = 3;

const ok = (name: string, detail: string): Check => ({ name, level: "ok", detail });
const finding = (name: string, detail: string, remedy: string): Check => ({ name, level: "finding", detail, remedy });

type Examined = Pick<Host, "systems" | "troubles" | "store" | "clock">;

/** Of the process, and of every domain or one of them. */
export function addDoctorRoutes(http: Http, host: Examined): void {
  http.get(
    "/api/v1/doctor",
    apiRoute(["reader"], {
      summary: "Examines each part of the process and of its domains",
      querystring: Query,
      response: { 200: Report },
    }),
    ({ caller, query: { domain } }) => examineHost(host, systemOf(host.systems, domain, caller)),
  );
}

/** As the other, below a domain's path. */
export function addDomainDoctorRoute(http: Http, host: Examined, system: System): void {
  http.get(
    "/doctor",
    apiRoute(["reader"], { summary: "Examines each part of the process and of the domain", response: { 200: Report } }),
    () => examineHost(host, system),
  );
}

async function examineHost(host: Examined, only: System | undefined): Promise<z.infer<typeof Report>> {
  const checked_at = new Date(host.clock.wallMs()).toISOString();
  const ofProcess = examineAll(host, null, { runtime: () => [runtimeCheck()], store: storeChecks });
  const ofDomains = (only ? [only] : host.systems).map((system) => examineAll(system, system.name, EXAMINATIONS));
  const troubles = await host.troubles.list();
  const shown = only ? troublesFor(troubles, only.name) : troubles;
  const checks = [...shown.map(checkOfTrouble), ...(await Promise.all([ofProcess, ...ofDomains])).flat()];
  return { ok: checks.every(({ level }) => level !== "finding"), checked_at, checks };
}

/** Those that end without anyone's help. */
const NOTES: readonly TroubleCode[] = ["DRIFT", "BACKPRESSURE"];

const checkOfTrouble = ({ domain, code, title, detail, remedy, sinceMs }: Trouble): DoctorCheck => ({
  ...{ domain, name: code, remedy },
  level: NOTES.includes(code) ? "note" : "finding",
  detail: `${title} since ${new Date(sinceMs).toISOString()}: ${detail}`,
});

type Examinations<Examined> = Readonly<Record<string, (examined: Examined) => Check[] | Promise<Check[]>>>;

/** By the part of a domain that they examine. What is a trouble as well is not repeated. */
const EXAMINATIONS: Examinations<System> = {
  contracts: (system) => [contractsCheck(system)],
  bus: busChecks,
  backends: backendChecks,
  partitions: partitionChecks,
  intents: intentChecks,
  "dead letters": deadLetterChecks,
  drift: driftChecks,
  "expiry guard": expiryGuardChecks,
  retention: retentionChecks,
};

async function examineAll<Examined extends Pick<Host, "clock">>(
  examined: Examined,
  domain: string | null,
  examinations: Examinations<Examined>,
): Promise<DoctorCheck[]> {
  const parts = Object.entries(examinations).map(([name, examine]) => checkPart(examined, name, examine));
  return (await Promise.all(parts)).flat().map((check) => ({ domain, ...check }));
}

/** Never throws: a part that can't be examined is a finding. */
async function checkPart<Examined extends Pick<Host, "clock">>(
  examined: Examined,
  name: string,
  examine: Examinations<Examined>[string],
): Promise<Check[]> {
  try {
    return await withTimeout(examined.clock, CHECK_TIMEOUT_MS, Promise.resolve(examined).then(examine));
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return [finding(name, detail, "check that it runs and that this machine reaches it; GET /health/ready says more")];
  }
}

const runtimeCheck = (): Check =>
  ok("runtime", `rollcall ${VERSION} on Node ${process.version}, up for ${formatDuration(process.uptime() * 1_000)}`);

function contractsCheck({ model, domain }: System): Check {
  const versions = allSourcesOf(model.set).map(
    ({ contract: { name, contract_version: v } }) => `${name} ${v.major}.${v.minor}.${v.patch}`,
  );
  const content = `content ${domain.contractHash.slice(0, 12)}, stateVersion ${domain.stateVersion}`;
  return ok("contracts", `${versions.join(", ")}; ${content}`);
}

/** One that can't be reached is a trouble. */
async function backendChecks({ backends: { opened } }: System): Promise<Check[]> {
  const asked = await Promise.allSettled(opened.map(async ({ name, check }) => ok(name, (await check()).version)));
  return asked.flatMap((each) => (each.status === "fulfilled" ? each.value : []));
}

async function busChecks({ bus, domain, runtime, clock }: System): Promise<Check[]> {
  const { input, output } = topicsOf(domain);
  const expected = [...new Set([...input, ...output])];
  const { kind, version, brokers, topics } = await bus.describe(expected);
  const missing = expected.filter((topic) => !topics.some((each) => each.topic === topic));
  const leaderless = topics.filter(({ partitions }) => partitions === null);
  const led = topics.filter(({ partitions }) => partitions !== null);
  const counts = new Set(led.map(({ partitions }) => partitions));
  const withoutLogAppendTime = topics.filter(({ topic, logAppendTime }) => input.includes(topic) && !logAppendTime);
  const skewMs = Math.abs(runtime.status().brokerTimeMs - clock.wallMs());
  return [
    ok("bus", `${kind} ${version}, ${brokers} broker${brokers === 1 ? "" : "s"}`),
    missing.length > 0
      ? finding("topics", `missing: ${missing.join(", ")}`, "restart rollcall: it creates them")
      : ok("topics", `all ${topics.length} exist`),
    ...(leaderless.length > 0
      ? [finding("leaders", `none for ${namesOf(leaderless)}`, "start the brokers that have their replicas")]
      : []),
    counts.size > 1
      ? finding(
          "topic partitions",
          led.map(({ topic, partitions }) => `${topic} has ${partitions}`).join(", "),
          "give every topic the same number of partitions",
        )
      : ok("topic partitions", `${[...counts].join(", ")} each`),
    withoutLogAppendTime.length > 0
      ? finding(
          "topic timestamps",
          `not LogAppendTime: ${namesOf(withoutLogAppendTime)}`,
          "kafka-configs --alter --add-config message.timestamp.type=LogAppendTime",
        )
      : ok("topic timestamps", "input topics have LogAppendTime"),
    clockCheck("clock of the bus", skewMs),
  ];
}

const namesOf = (topics: readonly { readonly topic: string }[]): string => topics.map(({ topic }) => topic).join(", ");

async function storeChecks({ store, clock }: Pick<Host, "store" | "clock">): Promise<Check[]> {
  const version = await store.version();
  const askedMs = clock.wallMs();
  const [row] = await store.query<{ now: Date }>("select clock_timestamp() as now");
  const tookMs = clock.wallMs() - askedMs;
  // Its clock was read at some moment between the question and the answer.
  const skewMs = Math.max(0, Math.abs((row?.now.getTime() ?? 0) - askedMs - tookMs / 2) - tookMs / 2);
  return [ok("store", `${store.kind}: ${version}`), clockCheck("clock of the store", skewMs)];
}

const clockCheck = (name: string, skewMs: number): Check =>
  skewMs > CLOCK_SKEW_MAX_MS
    ? finding(
        name,
        `${formatDuration(skewMs)} off this machine's clock`,
        "synchronise the clocks (NTP): they must be within 1 s",
      )
    : ok(name, `within 1 s of this machine's (${formatDuration(skewMs)} off)`);

async function partitionChecks(system: System): Promise<Check[]> {
  const { owned, partitions, lag } = system.runtime.status();
  const services = await readPartitionServices(system.store, system.name);
  const unserved = services.filter(({ isServed }) => !isServed).map(({ partition }) => partition);
  return [
    unserved.length > 0
      ? finding(
          "partitions",
          `nobody serves ${unserved.join(", ")}`,
          "start a process, or check why its partitions are refused",
        )
      : ok("partitions", `all ${partitions} are served, ${owned.length} of them here; ${lag} messages behind`),
  ];
}

async function intentChecks({ store, domain, runtime }: System): Promise<Check[]> {
  const { brokerTimeMs } = runtime.status();
  const byType = await countIntentsByType(store, domain.name, false);
  const waiting = await waitingCheck(store, domain.name, brokerTimeMs);
  if (byType.length === 0) return [ok("intents", "none pending"), ...waiting];
  const pending = byType.map(({ oldestAtMs, ...of }) => ({ ...of, oldestMs: brokerTimeMs - oldestAtMs }));
  const texts = pending.map(({ type, count, oldestMs }) => `${count} ${type} (oldest ${formatDuration(oldestMs)})`);
  const detail = texts.join(", ");
  const check = pending.some(({ oldestMs }) => oldestMs > INTENT_AGE_MAX_MS)
    ? finding("intents", `pending: ${detail}`, "check why their backend fails: the log names the error")
    : ok("intents", `pending: ${detail}`);
  return [check, ...waiting];
}

/** Those of which the effect answers "not yet": this is normal, however long it takes. */
async function waitingCheck(store: System["store"], domain: string, nowMs: number): Promise<Check[]> {
  const { count, longest } = await readWaitingIntents(store, domain, WAITING_SHOWN);
  if (count === 0) return [];
  const texts = longest.map(
    ({ type, entityId, note, sinceMs }) => `${type} of ${entityId} for ${formatDuration(nowMs - sinceMs)} (${note})`,
  );
  return [ok("intents not done yet", `${count}: ${texts.join(", ")}${count > longest.length ? ", ..." : ""}`)];
}

async function deadLetterChecks({ store, domain }: System): Promise<Check[]> {
  const unretried = await countUnretriedByCode(store, domain.name);
  if (unretried.length === 0) return [ok("dead letters", "none")];
  const detail = unretried.map(({ code, count }) => `${count} ${code}`).join(", ");
  return [{ name: "dead letters", level: "note", detail, remedy: "rollcall dlq list, then retry or drop them" }];
}

function driftChecks({ runtime }: System): Check[] {
  const { drift, brokerTimeMs } = runtime.status();
  return drift.flatMap(({ backend, comparedAtMs, error, found }) => {
    if (error !== null || Object.values(found).some((count) => count > 0)) return [];
    if (comparedAtMs === null) return [ok(`drift of ${backend}`, "not compared yet")];
    return [ok(`drift of ${backend}`, `none, compared ${formatDuration(brokerTimeMs - comparedAtMs)} ago`)];
  });
}

/** What waits to be purged for too long is a trouble. */
async function retentionChecks({ store, model }: System): Promise<Check[]> {
  const { orchestrator, set } = model;
  const retained = [...orchestrator.states.values()].flatMap(({ name, retain }) =>
    retain === undefined ? [] : [`${name} for ${retain}`],
  );
  if (retained.length === 0) return [];
  const tombstones = await countTombstones(store, set.domain);
  return [ok("retention", `${retained.join(", ")}; ${tombstones} tombstones of purged entities`)];
}

function expiryGuardChecks({ domain }: System): Check[] {
  const guarded = [...domain.orchestrator.states.values()].flatMap(({ name, deadline }) =>
    deadline?.expiryGuard ? [{ name, ...deadline.expiryGuard }] : [],
  );
  if (guarded.length === 0) return [];
  const rules = guarded.map(({ name, maxRatio, minCount }) => `${name} from ${maxRatio * 100} % and ${minCount} on`);
  return [ok("expiry guard", `in force: ${rules.join(", ")}`)];
}
