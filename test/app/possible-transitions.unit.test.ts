import { describe, expect, it } from "vitest";
import { SHIPPED_CONTRACTS } from "../../app/host/compose.ts";
import { possibleTransitions } from "../../app/http/entities/possible-transitions.ts";
import { withoutBackends } from "../../app/modules/registration.ts";
import type { OrchestratorContract } from "../../runtime/contract/language/schema.ts";
import { validateDomain } from "../../runtime/contract/checks/validate.ts";

const contract = validateDomain(SHIPPED_CONTRACTS, withoutBackends()).set?.orchestrator
  .contract as OrchestratorContract;
const waysFrom = (state: string | null) =>
  possibleTransitions(contract, state).map(({ on, leads_to }) => `${on} -> ${leads_to}`);

describe("the transitions out of a state", () => {
  it("are those of the contract, by handlers, deadlines and confirmed events", () => {
    expect(waysFrom("ACCEPTED")).toEqual(
      expect.arrayContaining([
        "published(NodeRegistrationAccepted) -> AWAITING_ACK",
        "NodeRegistrationAcked -> ACTIVE",
      ]),
    );
    expect(waysFrom("AWAITING_ACK")).toContain("deadline(ack) -> ACK_TIMED_OUT");
    expect(waysFrom("PENDING_REGISTRATION")).toEqual(
      expect.arrayContaining(["RegistrationCompleted -> ACCEPTED", "RegistrationFailed -> REJECTED"]),
    );
    expect(waysFrom("ACTIVE")).toEqual(
      expect.arrayContaining(["deadline(liveness) -> LIVENESS_EXPIRED", "NodeDeregister -> DEREGISTERED"]),
    );
  });

  it("leave out messages that do not apply to the state", () => {
    expect(waysFrom("ACTIVE")).not.toContain("NodeRegistrationAcked -> ACTIVE");
    expect(waysFrom(null)).toEqual(["NodeIntrospectionEvent -> PENDING_REGISTRATION"]);
    expect(waysFrom("REJECTED")).toEqual(["NodeIntrospectionEvent -> PENDING_REGISTRATION"]);
  });

  it("have the condition of their row", () => {
    expect(possibleTransitions(contract, "ACTIVE")).toContainEqual({
      on: "NodeIntrospectionEvent",
      when: "reason == shutdown",
      leads_to: "DEREGISTERED",
    });
  });

  it("exist for every state that is not terminal", () => {
    const { states } = contract.state_machine;
    for (const { state_name, is_transient } of states)
      if (is_transient !== true) expect(waysFrom(state_name), state_name).not.toEqual([]);
  });
});
