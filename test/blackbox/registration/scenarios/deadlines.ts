import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import type { Edit } from "../../contracts-copy.ts";
import { deadlinesOf } from "../contracts-copy.ts";
import { TestNode } from "../test-node.ts";
import type { SeenEvent } from "../../world.ts";
import type { GetWorld } from "./registration.ts";

const PERIOD_MS = 3_000;
/** A deadline fires within 2 s by promise; the machine may be busy with other things. */
const LATE_MAX_MS = 15_000;
const BEAT_MS = 500;

export const SHORT_DEADLINES: readonly Edit[] = deadlinesOf("3s", "3s");

const FIRST_LIFE = ["Initiated", "Accepted", "AckReceived", "BecameActive"];
const timeOf = (event: SeenEvent, field: string): number => Date.parse(String(event.payload[field]));

/** Deadlines, on contracts whose deadlines are 3 s. */
export function deadlineScenarios(world: GetWorld): void {
  const node = (id: string): TestNode => new TestNode(world(), id);

  it.concurrent("ends an attempt without an ACK, removes its entries, and ignores a late ACK", async () => {
    const mute = node("mute");
    await mute.introspect();
    const accepted = await mute.until("NodeRegistrationAccepted");
    const timedOut = await mute.until("NodeRegistrationAckTimedOut");
    expect(timeOf(timedOut, "deadline_at")).toBeGreaterThanOrEqual(timeOf(accepted, "ack_deadline"));
    expect(timeOf(timedOut, "deadline_at") - accepted.at).toBeLessThan(PERIOD_MS + LATE_MAX_MS);
    await mute.untilInCatalog("absent");
    await mute.untilRow({ status: "ACK_TIMED_OUT" });
    const late = await mute.ack();
    expect(await mute.untilJournaled(late)).toMatchObject({ reason: "no attempt waits for an ACK" });
    await mute.introspect();
    await mute.until("NodeRegistrationAccepted", 2);
    const stale = await mute.ack({ registration_attempt_id: accepted.payload["registration_attempt_id"] });
    expect(await mute.untilJournaled(stale)).toMatchObject({ reason: "stale ack: attempt 2 is current" });
    await mute.ack();
    await mute.until("NodeBecameActive");
    expect((await mute.types()).slice(0, 7)).toEqual(["Initiated", "Accepted", "AckTimedOut", ...FIRST_LIFE]);
  });

  it.concurrent("expires a node without heartbeats, and registers it again when it introspects", async () => {
    const silent = node("silent");
    const active = await silent.becomeActive();
    const expired = await silent.until("NodeLivenessExpired");
    expect(expired.payload).toMatchObject({
      deadline_at: active.payload["liveness_deadline"],
      last_heartbeat_at: null,
      attempt: 1,
    });
    await silent.untilInCatalog("absent");
    await silent.untilRow({ status: "LIVENESS_EXPIRED" });
    await silent.heartbeat();
    await silent.becomeActive(2);
    await silent.untilInCatalog({ passing: true });
    expect((await silent.types()).slice(0, 9)).toEqual([...FIRST_LIFE, "LivenessExpired", ...FIRST_LIFE]);
  });

  it.concurrent(
    "keeps a node ACTIVE for as long as it sends heartbeats, and expires it a period after the last",
    async () => {
      const beating = node("beating");
      await beating.becomeActive();
      const untilMs = Date.now() + 1.7 * PERIOD_MS;
      while (Date.now() < untilMs) {
        await beating.heartbeat();
        await sleep(BEAT_MS);
      }
      expect(await beating.types()).toEqual(FIRST_LIFE);
      const { deadlines } = await beating.registration();
      expect(deadlines["liveness"]?.renewed_at).not.toBeNull();
      const expired = await beating.until("NodeLivenessExpired");
      expect(timeOf(expired, "deadline_at") - timeOf(expired, "last_heartbeat_at")).toBe(PERIOD_MS);
    },
  );

  it.concurrent("counts an introspection with the same content as a heartbeat", async () => {
    const repeating = node("repeating");
    await repeating.becomeActive();
    const untilMs = Date.now() + 1.7 * PERIOD_MS;
    while (Date.now() < untilMs) {
      await repeating.introspect({ reason: "heartbeat" });
      await sleep(BEAT_MS);
    }
    expect(await repeating.types()).toEqual(FIRST_LIFE);
  });
}
