import { envelopeOf, type Evidence } from "./evidence.ts";

/** What the clocks of one machine may tell differently. */
const CLOCKS_MS = 20;
/** Of resumed service, before a deadline fires. */
const GRACE_MAX_MS = 30_000;
/** What was out of reach for longer than this is an outage. */
const OUTAGE_MS = 3_000;

/**
 * G7: a deadline is told neither before its time nor, where the tester says that all was well, long after it.
 * G9: no time in which nobody served is held against a node.
 */
export function judgeDeadlines({ records, outages = [], lateMsMax }: Evidence): string[] {
  const broken: string[] = [];
  const periods = new Map<unknown, number>();
  for (const record of records) {
    const { payload_type: type, payload } = envelopeOf(record);
    const promised = payload["ack_deadline"] ?? payload["liveness_deadline"];
    const attempt = payload["registration_attempt_id"];
    const at = (name: string): number => Date.parse(String(payload[name]));
    if (promised !== undefined) periods.set(attempt, Date.parse(String(promised)) - at("emitted_at"));
    if (type !== "NodeRegistrationAckTimedOut" && type !== "NodeLivenessExpired") continue;
    const say = (promise: string, what: string): void =>
      void broken.push(`${promise} ${type} ${String(payload["node_id"])}: ${what}`);
    const lateMs = record.atMs - at("deadline_at");
    if (lateMs < -CLOCKS_MS) say("G7", `published ${-lateMs} ms too early`);
    if (lateMsMax !== undefined && lateMs > lateMsMax) say("G7", `published ${lateMs} ms late, with all parts up`);
    const graceMs = Math.min(periods.get(attempt) ?? 0, GRACE_MAX_MS);
    for (const { fromMs, toMs } of outages)
      if (toMs - fromMs > OUTAGE_MS && record.atMs > toMs && record.atMs < toMs + graceMs - CLOCKS_MS)
        say("G9", `published ${record.atMs - toMs} ms after an outage, before its grace of ${graceMs} ms`);
  }
  return broken;
}
