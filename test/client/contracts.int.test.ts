import { describe, expect, it } from "vitest";
import { REGISTRATION_EVENT_TYPES } from "../../client/events.ts";
import { topicOf } from "../../client/topics.ts";
import { shippedDomain } from "../registration/shipped-domain.ts";

describe("the client's own topics and events", () => {
  it("are the topics of the shipped contracts", () => {
    const names = { env: "dev", namespace: "" };
    for (const { type, topic } of shippedDomain.consumed) expect(topicOf(type as never, names)).toBe(topic);
    for (const [type, topic] of shippedDomain.topicByEventType) expect(topicOf(type as never, names)).toBe(topic);
  });

  it("are all the events that they publish", () => {
    expect([...REGISTRATION_EVENT_TYPES].sort()).toEqual([...shippedDomain.topicByEventType.keys()].sort());
  });

  it("have the namespace as the second segment", () => {
    expect(topicOf("NodeBecameActive", { env: "prod", namespace: "eu" })).toBe(
      "prod.eu.onex.evt.node-became-active.v1",
    );
    expect(topicOf("NodeBecameActive", {})).toBe("dev.onex.evt.node-became-active.v1");
  });
});
