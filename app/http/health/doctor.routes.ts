import { z } from "zod";
import { topicsOf } from "../../../runtime/shell/topics.ts";
import type { System } from "../../host/compose.ts";
import { withTimeout } from "../../host/with-timeout.ts";
import { VERSION } from "../../version.ts";
import { apiRoute, type Http } from "../server/route-types.ts";
import type { DomainApi } from "../server/domain-api.ts";
import { formatDuration } from "../server/text-format.ts";
import { readHolds } from "./holds.routes.ts";
import { readPartitionServices } from "./health.routes.ts";
import { DoctorCheck, driftOf, finding, holdsInForce, ok, refusedContracts } from "./troubles.ts";

const Report = z.object({
  ok: z.boolean().describe("false: at least one check is a finding"),
  checked_at: z.iso.datetime(),
  checks: z.array(DoctorCheck),
});

const CHECK_TIMEOUT_MS = 5_000;
const CLOCK_SKEW_MAX_MS = 1_000;
const INTENT_AGE_MAX_MS = 60_000;

export function addDoctorRoutes(http: Http, { system }: DomainApi): void {
  http.get(
    "/doctor",
    apiRoute(["reader"], { summary: "Examines each part of the system", response: { 200: Report } }),
    async () => {
      const checked_at = new Date(system.clock.wallMs()).toISOString();
      const examined = Object.entries(EXAMINATIONS).map(([name, examine]) => checkPart(system, name, examine));
      const checks = (await Promise.all(examined)).flat();
      return { ok: checks.every(({ level }) => level !== "finding"), checked_at, checks };
    },
  );
}

type Examine = (system: System) => DoctorCheck[] | Promise<DoctorCheck[]>;

/** By the part of the system that they examine. */
const EXAMINATIONS: Readonly<Record<string, Examine>> = {
  runtime: runtimeChecks,
  bus: busChecks,
  store: storeChecks,
  catalogue: async ({ catalog }) => [ok("catalogue", (await catalog.probe()).version)],
  partitions: partitionChecks,
  intents: intentChecks,
  "dead letters": deadLetterChecks,
  drift: driftChecks,
  "expiry guard": expiryGuardChecks,
};

/** Never throws: a part that can't be examined is a finding. */
async function checkPart(system: System, name: string, examine: Examine): Promise<DoctorCheck[]> {
  try {
    return await withTimeout(system.clock, CHECK_TIMEOUT_MS, Promise.resolve(system).then(examine));
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return [finding(name, detail, "check that it runs and that this machine reaches it; GET /health/ready says more")];
  }
}

function runtimeChecks({ model, domain, runtime: { refusedChange } }: System): DoctorCheck[] {
  const { orchestrator, reducer, effects } = model.set;
  const versions = [orchestrator, reducer, ...effects].map(
    ({ contract: { name, contract_version: v } }) => `${name} ${v.major}.${v.minor}.${v.patch}`,
  );
  return [
    ok("runtime", `rollcall ${VERSION} on Node ${process.version}, up for ${formatDuration(process.uptime() * 1_000)}`),
    ok("contracts", `${versions.join(", ")}; content ${domain.contractHash.slice(0, 12)}`),
    ...refusedContracts(refusedChange).map(({ check }) => check),
  ];
}

async function busChecks({ bus, domain, runtime, clock }: System): Promise<DoctorCheck[]> {
  const { input, output } = topicsOf(domain);
  const expected = [...new Set([...input, ...output])];
  const { kind, version, brokers, topics } = await bus.describe(expected);
  const missing = expected.filter((topic) => !topics.some((each) => each.topic === topic));
  const counts = new Set(topics.map(({ partitions }) => partitions));
  const withoutLogAppendTime = topics.filter(({ topic, logAppendTime }) => input.includes(topic) && !logAppendTime);
  const skewMs = Math.abs(runtime.status().brokerTimeMs - clock.wallMs());
  return [
    ok("bus", `${kind} ${version}, ${brokers} broker${brokers === 1 ? "" : "s"}`),
    missing.length > 0
      ? finding("topics", `missing: ${missing.join(", ")}`, "restart rollcall: it creates them")
      : ok("topics", `all ${topics.length} exist`),
    counts.size > 1
      ? finding(
          "topic partitions",
          topics.map(({ topic, partitions }) => `${topic} has ${partitions}`).join(", "),
          "give every topic the same number of partitions",
        )
      : ok("topic partitions", `${[...counts].join(", ")} each`),
    withoutLogAppendTime.length > 0
      ? finding(
          "topic timestamps",
          `not LogAppendTime: ${withoutLogAppendTime.map(({ topic }) => topic).join(", ")}`,
          "kafka-configs --alter --add-config message.timestamp.type=LogAppendTime",
        )
      : ok("topic timestamps", "input topics have LogAppendTime"),
    clockCheck("clock of the bus", skewMs),
  ];
}

async function storeChecks({ store, clock }: System): Promise<DoctorCheck[]> {
  const version = await store.version();
  const askedMs = clock.wallMs();
  const [row] = await store.query<{ now: Date }>("select clock_timestamp() as now");
  const tookMs = clock.wallMs() - askedMs;
  // Its clock was read at some moment between the question and the answer.
  const skewMs = Math.max(0, Math.abs((row?.now.getTime() ?? 0) - askedMs - tookMs / 2) - tookMs / 2);
  return [ok("store", `${store.kind}: ${version}`), clockCheck("clock of the store", skewMs)];
}

const clockCheck = (name: string, skewMs: number): DoctorCheck =>
  skewMs > CLOCK_SKEW_MAX_MS
    ? finding(
        name,
        `${formatDuration(skewMs)} off this machine's clock`,
        "synchronise the clocks (NTP): they must be within 1 s",
      )
    : ok(name, `within 1 s of this machine's (${formatDuration(skewMs)} off)`);

async function partitionChecks(system: System): Promise<DoctorCheck[]> {
  const { owned, partitions, refused, lag } = system.runtime.status();
  const services = await readPartitionServices(system);
  const unserved = services.filter(({ isServed }) => !isServed).map(({ partition }) => partition);
  return [
    unserved.length > 0
      ? finding(
          "partitions",
          `nobody serves ${unserved.join(", ")}`,
          "start a process, or check why its partitions are refused",
        )
      : ok("partitions", `all ${partitions} are served, ${owned.length} of them here; ${lag} messages behind`),
    ...refused.map((reason) => finding("refused partition", reason, "rollcall offsets reset")),
  ];
}

async function intentChecks({ store, domain }: System): Promise<DoctorCheck[]> {
  const rows = await store.query<{ type: string; count: number; age: number }>(
    `select type, count(*)::int as count, extract(epoch from now() - min(created_at))::float8 * 1000 as age
       from rollcall.intent where domain = $1 group by type order by type`,
    [domain.name],
  );
  if (rows.length === 0) return [ok("intents", "none pending")];
  const oldestMs = Math.max(...rows.map(({ age }) => age));
  const detail = rows.map(({ type, count, age }) => `${count} ${type} (oldest ${formatDuration(age)})`).join(", ");
  return oldestMs > INTENT_AGE_MAX_MS
    ? [finding("intents", `pending: ${detail}`, "check why their backend fails: the log names the error")]
    : [ok("intents", `pending: ${detail}`)];
}

async function deadLetterChecks({ store, domain }: System): Promise<DoctorCheck[]> {
  const rows = await store.query<{ error_code: string; count: number }>(
    `select error_code, count(*)::int as count from rollcall.dead_letter
      where domain = $1 and retried_at is null group by error_code order by error_code`,
    [domain.name],
  );
  if (rows.length === 0) return [ok("dead letters", "none")];
  const detail = rows.map(({ error_code, count }) => `${count} ${error_code}`).join(", ");
  return [{ name: "dead letters", level: "note", detail, remedy: "rollcall dlq list, then retry or drop them" }];
}

function driftChecks({ runtime }: System): DoctorCheck[] {
  const { drift, brokerTimeMs } = runtime.status();
  return drift.map((status) => driftOf(status, brokerTimeMs).check);
}

async function expiryGuardChecks(system: System): Promise<DoctorCheck[]> {
  const holds = await readHolds(system);
  const guarded = [...system.domain.orchestrator.states.values()].flatMap(({ name, deadline }) =>
    deadline?.expiryGuard ? [{ name, ...deadline.expiryGuard }] : [],
  );
  if (guarded.length === 0) return [];
  const rules = guarded.map(({ name, maxRatio, minCount }) => `${name} from ${maxRatio * 100} % and ${minCount} on`);
  return [
    ok("expiry guard", `in force: ${rules.join(", ")}`),
    ...holdsInForce(holds, system.runtime.brokerTimeMs).map(({ check }) => check),
  ];
}
