import { expect, it } from "vitest";
import { freePorts } from "../real/services/free-ports.ts";
import type { Edit } from "./contracts-copy.ts";
import { contractsCopy } from "./registration/contracts-copy.ts";
import { EmbeddedWorld } from "./registration/embedded-world.ts";
import { TestNode } from "./registration/test-node.ts";

/** The program on contracts with these edits and no other change. */
async function withEdited(
  edits: readonly Edit[],
  look: (world: EmbeddedWorld) => Promise<void>,
  environment?: Readonly<Record<string, string>>,
): Promise<void> {
  const contracts = contractsCopy(...edits);
  const world = await EmbeddedWorld.create({
    contractsDir: contracts.dir,
    ...(environment && { environment, catalog: "absent" }),
  });
  try {
    await look(world);
  } finally {
    await world.close();
    contracts.remove();
  }
}

it.concurrent("an ACK deadline of 2 s instead of 30 s is published and enforced", () =>
  withEdited([["orchestrator", "name: ack, after: 30s", "name: ack, after: 2s"]], async (world) => {
    const node = new TestNode(world, "n1");
    await node.introspect();
    const accepted = await node.until("NodeRegistrationAccepted");
    expect(Date.parse(String(accepted.payload["ack_deadline"])) - accepted.at).toBe(2_000);
    const timedOut = await node.until("NodeRegistrationAckTimedOut");
    expect(timedOut.at - accepted.at).toBeLessThan(25_000);
  }),
);

it.concurrent("another topic name is the topic that is published to", () =>
  withEdited([["orchestrator", "onex.evt.node-became-active.v1", "onex.evt.node-works.v1"]], async (world) => {
    const node = new TestNode(world, "n1");
    await node.becomeActive();
    const published = (await world.timeline("n1")).filter(({ kind }) => kind === "event");
    expect(published.map(({ topic }) => topic)).toEqual([
      "dev.onex.evt.node-registration-initiated.v1",
      "dev.onex.evt.node-registration-accepted.v1",
      "dev.onex.evt.node-registration-ack-received.v1",
      "dev.onex.evt.node-works.v1",
    ]);
  }),
);

it.concurrent("one retry instead of thirty gives up after the second try", async () => {
  const { nobody } = await freePorts(["nobody"]);
  const environment = { CONSUL_HTTP_ADDR: `127.0.0.1:${nobody}` };
  await withEdited(
    [["effects", "max_retries: 30", "max_retries: 1"]],
    async (world) => {
      const node = new TestNode(world, "n1");
      await node.introspect();
      const rejected = await node.until("NodeRegistrationRejected");
      expect(rejected.payload["failed_backends"]).toEqual([
        expect.objectContaining({ backend: "consul", error_code: "UNAVAILABLE" }),
      ]);
      const notes = (await world.timeline("n1")).map(({ note }) => note);
      expect(notes).toContainEqual(expect.stringContaining("given up after 2 tries"));
    },
    environment,
  );
});

it.concurrent("a matrix row before the others decides, with its reason", () =>
  withEdited(
    [
      [
        "orchestrator",
        "        - { current_state: [PENDING_REGISTRATION, ACCEPTED, AWAITING_ACK, ACTIVE], action: deregister }",
        `        - { current_state: ACTIVE, action: no_op, reason: "an active node stays" }
        - { current_state: [PENDING_REGISTRATION, ACCEPTED, AWAITING_ACK], action: deregister }`,
      ],
    ],
    async (world) => {
      const node = new TestNode(world, "n1");
      await node.becomeActive();
      const goodbye = await node.deregister();
      expect(await node.untilJournaled(goodbye)).toMatchObject({ result: "no_op", reason: "an active node stays" });
      expect((await node.registration()).state).toBe("ACTIVE");
    },
  ),
);

it.concurrent("an added state with its transitions is a state that nodes are in", () =>
  withEdited(
    [
      [
        "orchestrator",
        "    - { state_name: REJECTED, is_terminal: true }",
        `    - { state_name: CHANGED, description: nobody has looked at it since }
    - { state_name: REJECTED, is_terminal: true }`,
      ],
      ["orchestrator", "trigger: NodeUpdated, to_state: ACTIVE }", "trigger: NodeUpdated, to_state: CHANGED }"],
      [
        "orchestrator",
        "    - { from_state: ACTIVE, trigger: NodeLivenessExpired, to_state: LIVENESS_EXPIRED }",
        `    - { from_state: CHANGED, trigger: NodeUpdated, to_state: ACTIVE }
    - { from_state: ACTIVE, trigger: NodeLivenessExpired, to_state: LIVENESS_EXPIRED }`,
      ],
      ["orchestrator", "AWAITING_ACK, ACTIVE]", "AWAITING_ACK, ACTIVE, CHANGED]"],
      [
        "orchestrator",
        "- { current_state: ACTIVE, action: refresh_if_changed",
        "- { current_state: [ACTIVE, CHANGED], action: refresh_if_changed",
      ],
    ],
    async (world) => {
      const node = new TestNode(world, "n1");
      await node.becomeActive();
      await node.introspect({ capabilities: ["one"] });
      await node.untilState("CHANGED");
      await node.introspect({ capabilities: ["two"] });
      await node.untilState("ACTIVE");
    },
  ),
);
