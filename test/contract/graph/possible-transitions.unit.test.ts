import { describe, expect, it } from "vitest";
import { possibleTransitions } from "../../../runtime/contract/graph/possible-transitions.ts";
import { NO_ENTITY } from "../../../runtime/core/domain.ts";
import { editedModel } from "../checks/edited.ts";

const model = editedModel();
const waysFrom = (state: string | null) =>
  possibleTransitions(model, state).map(({ on, leads_to }) => `${on} -> ${leads_to}`);

describe("the ways out of a state", () => {
  it("are those of the contract, through handlers, deadlines and what was published", () => {
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

  it("leave out what the state does not wait for", () => {
    expect(waysFrom("ACTIVE")).not.toContain("NodeRegistrationAcked -> ACTIVE");
    expect(waysFrom(null)).toEqual(["NodeIntrospectionEvent -> PENDING_REGISTRATION"]);
    expect(waysFrom("REJECTED")).toEqual(["NodeIntrospectionEvent -> PENDING_REGISTRATION"]);
  });

  it("tell the condition of a row", () => {
    expect(possibleTransitions(model, "ACTIVE")).toContainEqual({
      on: "NodeIntrospectionEvent",
      when: "reason == shutdown",
      leads_to: "DEREGISTERED",
    });
  });

  it("exist for every state that is no end", () => {
    for (const { name, transient } of model.orchestrator.states.values())
      if (!transient && name !== NO_ENTITY) expect(waysFrom(name), name).not.toEqual([]);
  });
});
