import { expect, it } from "vitest";
import { RegistrationWaits } from "../../app/modules/registration/registration-waits.ts";
import type { IncomingEvent } from "../../app/http/events/incoming-event.ts";
import type { System } from "../../app/host/compose.ts";
import type { ShellEvent } from "../../runtime/shell/shell-event.ts";
import { shippedDomain } from "../registration/shipped-domain.ts";
import { ManualClock } from "../manual-clock.ts";

/** Of rollcall.entity. */
const row = (state: string) => ({ id: "n-1", state, attempt: "{}", deadlines: null });

it("a wait never ends with the state from before its message, processed while the nodes were read", async () => {
  const clock = new ManualClock();
  let tell: (event: ShellEvent) => void = () => {};
  const decided = { message: { id: "m-1", entityId: "n-1" }, decision: { entity: { id: "n-1", state: "PENDING" } } };
  let stored = [row("LIVENESS_EXPIRED")];
  const system = {
    ...{ clock, domain: shippedDomain, watch: (listener: typeof tell) => ((tell = listener), () => {}) },
    store: {
      query: async (text: string) => {
        if (text.includes("rollcall.seen")) return [];
        // The statement has its snapshot; the turn commits before its answer is here.
        const rows = stored;
        stored = [row("ACTIVE")];
        tell({ kind: "decision", ...decided } as unknown as ShellEvent);
        return rows;
      },
    },
  } as unknown as System;
  const waits = new RegistrationWaits(system);
  const events = [
    { entityId: "n-1", messageId: "m-1", isJournaled: true },
    // Processed already: its node is read.
    { entityId: "n-2", messageId: "m-2", isJournaled: false },
  ] as unknown as IncomingEvent[];
  const outcomes = events.map((event) => waits.untilSettled(event, 10_000));
  await clock.advance(1_000);
  expect((await outcomes[0])?.state).toBe("ACTIVE");
  waits.close();
});
