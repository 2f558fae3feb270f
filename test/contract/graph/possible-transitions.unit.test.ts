import { describe, expect, it } from "vitest";
import { possibleTransitions } from "../../../runtime/contract/graph/possible-transitions.ts";
import { NO_ENTITY } from "../../../runtime/core/domain.ts";
import { editedModel } from "../checks/registration/edited.ts";

const model = editedModel();
const waysFrom = (state: string | null) =>
  possibleTransitions(model, state).map(({ on, leads_to }) => `${on} -> ${leads_to}`);

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
    expect(possibleTransitions(model, "ACTIVE")).toContainEqual({
      on: "NodeIntrospectionEvent",
      when: "reason == shutdown",
      leads_to: "DEREGISTERED",
    });
  });

  it("exist for every state that is not terminal", () => {
    for (const { name, transient } of model.orchestrator.states.values())
      if (!transient && name !== NO_ENTITY) expect(waysFrom(name), name).not.toEqual([]);
  });
});
