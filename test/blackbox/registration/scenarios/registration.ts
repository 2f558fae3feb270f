import { expect, it } from "vitest";
import { v4 } from "uuid";
import { TestNode } from "../test-node.ts";
import type { NodeWorld } from "../world.ts";

/** `new` registers under an id of its own, so that all scenarios share one running program. */
export type GetWorld = () => NodeWorld;

const FIRST_LIFE = ["Initiated", "Accepted", "AckReceived", "BecameActive"];

/** Registration on any bus, store and catalog. */
export function registrationScenarios(world: GetWorld): void {
  const node = (id: string, about?: Readonly<Record<string, unknown>>): TestNode => new TestNode(world(), id, about);

  it.concurrent("takes a node from its introspection to ACTIVE and publishes every step", async () => {
    const happy = node("happy", { capabilities: ["sort", "merge"], node_name: "Happy" });
    const correlationId = v4();
    const messageId = await happy.introspect({ correlation_id: correlationId });
    const accepted = await happy.until("NodeRegistrationAccepted");
    await happy.untilInCatalog({ passing: false, address: "happy.test", port: 8080 });
    expect(await world().catalog("happy")).toEqual([
      expect.objectContaining({ serviceId: "onex-effect-happy", note: "awaiting acknowledgement" }),
    ]);
    expect(await happy.untilState("AWAITING_ACK")).toMatchObject({ reducer_state: "complete", attempt: 1 });
    const ackId = await happy.ack();
    const active = await happy.until("NodeBecameActive");
    await happy.untilInCatalog({ passing: true, address: "happy.test", port: 8080 });
    await happy.untilRow({ status: "ACTIVE", node_type: "effect", endpoints: { http: "http://happy.test:8080" } });
    const registration = await happy.untilState("ACTIVE");

    expect(await happy.types()).toEqual(FIRST_LIFE);
    const [initiated, , ackReceived] = happy.events();
    expect(initiated?.payload).toMatchObject({
      causation_id: messageId,
      correlation_id: correlationId,
      supersedes: null,
      attempt: 1,
      node_type: "effect",
      node: { node_id: "happy", node_version: "1.2.3", capabilities: ["sort", "merge"], node_name: "Happy" },
    });
    expect(accepted.payload).toMatchObject({ service_id: "onex-effect-happy", correlation_id: correlationId });
    expect(ackReceived?.payload["causation_id"]).toBe(ackId);
    expect(active.payload).toMatchObject({
      capabilities: ["sort", "merge"],
      endpoints: { http: "http://happy.test:8080" },
      registration_attempt_id: registration.registration_attempt_id,
    });
    expect(registration).toMatchObject({ reducer_state: "complete", entity_seq: 4 });
    expect(registration.deadlines["liveness"]?.at).toBe(active.payload["liveness_deadline"]);
    expect((await world().catalog("happy"))[0]?.tags).toEqual(
      expect.arrayContaining(["node_type:effect", "node_version:1.2.3", "capability:sort", "capability:merge"]),
    );
    const moves = (await world().timeline("happy"))
      .flatMap((item) => item.moves)
      .map(({ from, to }) => `${from} ${to}`);
    for (const move of ["idle pending", "pending partial", "partial complete", "ACCEPTED AWAITING_ACK"])
      expect(moves).toContain(move);
  });

  it.concurrent("processes a repeated message once", async () => {
    const twice = node("twice");
    const ids = { introspection: v4(), ack: v4(), heartbeat: v4(), goodbye: v4() };
    const both = (say: () => Promise<string>): Promise<unknown> => Promise.all([say(), say()]);
    await both(() => twice.introspect({}, { messageId: ids.introspection }));
    await twice.until("NodeRegistrationAccepted");
    await both(() => twice.ack(undefined, { messageId: ids.ack }));
    await twice.until("NodeBecameActive");
    await both(() => twice.heartbeat({}, { messageId: ids.heartbeat }));
    await both(() => twice.deregister({}, { messageId: ids.goodbye }));
    await twice.until("NodeDeregistered");
    for (const id of [ids.introspection, ids.ack, ids.goodbye]) await twice.untilJournaled(id, "repeat");
    expect(await twice.types()).toEqual([...FIRST_LIFE, "Deregistered"]);
  });

  it.concurrent("absorbs an introspection with the same content, and accepts an ACK that names it", async () => {
    const again = node("again");
    const second = v4();
    await again.introspect();
    await again.until("NodeRegistrationAccepted");
    const repeated = await again.introspect({ correlation_id: second });
    expect(await again.untilJournaled(repeated)).toMatchObject({ result: "absorbed" });
    await again.ack({ correlation_id: second });
    await again.until("NodeBecameActive");
    expect(await again.types()).toEqual(FIRST_LIFE);
  });

  it.concurrent("leaves an ACK of another attempt or of another request without effect", async () => {
    const stale = node("stale");
    await stale.introspect();
    await stale.until("NodeRegistrationAccepted");
    const otherAttempt = await stale.ack({ registration_attempt_id: v4() });
    const otherRequest = await stale.ack({ correlation_id: v4() });
    for (const id of [otherAttempt, otherRequest])
      expect(await stale.untilJournaled(id)).toMatchObject({
        result: "no_op",
        reason: expect.stringContaining("stale ack"),
      });
    expect((await stale.registration()).state).toBe("AWAITING_ACK");
    await stale.ack();
    await stale.until("NodeBecameActive");
    expect(await stale.types()).toEqual(FIRST_LIFE);
  });

  it.concurrent("leaves a foreign node's ACK and a second ACK without effect", async () => {
    const one = node("ack-one");
    const other = node("ack-other");
    await Promise.all([one.introspect(), other.introspect()]);
    await one.until("NodeRegistrationAccepted");
    const accepted = await other.until("NodeRegistrationAccepted");
    const foreign = await one.ack({ registration_attempt_id: accepted.payload["registration_attempt_id"] });
    expect(await one.untilJournaled(foreign)).toMatchObject({ result: "no_op" });
    await Promise.all([one.answerAcceptance(), other.answerAcceptance()]);
    const late = await one.ack();
    expect(await one.untilJournaled(late)).toMatchObject({ result: "no_op", reason: "duplicate: already active" });
    expect(await one.types()).toEqual(FIRST_LIFE);
    expect(await other.types()).toEqual(FIRST_LIFE);
  });

  it.concurrent("does nothing for an ACK, a heartbeat or a deregistration of an unknown node", async () => {
    const nobody = node("nobody");
    const early = await nobody.ack({});
    await nobody.heartbeat();
    const goodbye = await nobody.deregister();
    expect(await nobody.untilInJournal(early)).toMatchObject({ result: "no_op" });
    expect(await nobody.untilInJournal(goodbye)).toMatchObject({ result: "no_op" });
    expect(nobody.events()).toEqual([]);
    await nobody.becomeActive();
    expect(await nobody.types()).toEqual(FIRST_LIFE);
  });

  it.concurrent("deregisters by command and registers again as a new attempt", async () => {
    const leaving = node("leaving");
    await leaving.becomeActive();
    await leaving.deregister({ reason: "maintenance" });
    const deregistered = await leaving.until("NodeDeregistered");
    expect(deregistered.payload).toMatchObject({ reason: "maintenance", attempt: 1 });
    await leaving.untilInCatalog("absent");
    await leaving.untilRow({ status: "DEREGISTERED" });
    await leaving.becomeActive(2);
    await leaving.untilInCatalog({ passing: true });
    expect((await leaving.registration()).attempt).toBe(2);
    expect(await leaving.types()).toEqual([...FIRST_LIFE, "Deregistered", ...FIRST_LIFE]);
  });

  it.concurrent(
    "deregisters a node by an introspection with the reason shutdown, in any state that allows it",
    async () => {
      const active = node("shutdown-active");
      const waiting = node("shutdown-waiting");
      await active.becomeActive();
      await waiting.introspect();
      await waiting.until("NodeRegistrationAccepted");
      await Promise.all([active, waiting].map((each) => each.introspect({ reason: "shutdown" })));
      for (const each of [active, waiting]) {
        expect((await each.until("NodeDeregistered")).payload["reason"]).toBe("shutdown");
        await each.untilInCatalog("absent");
        await each.untilState("DEREGISTERED");
      }
    },
  );

  it.concurrent(
    "rejects a node that a backend refuses for good, removes its other entries, and accepts it when corrected",
    async () => {
      const refused = node("refused");
      await refused.introspect({ endpoints: ["http://0.0.0.0:8080"] });
      const rejected = await refused.until("NodeRegistrationRejected");
      expect(rejected.payload).toMatchObject({
        rejection_reason: expect.stringContaining("consul"),
        failed_backends: [expect.objectContaining({ backend: "consul", error_code: "CONSUL_REFUSED" })],
      });
      await refused.untilInCatalog("absent");
      await refused.untilRow({ status: "REJECTED" });
      await refused.becomeActive(1);
      await refused.untilInCatalog({ passing: true, address: "refused.test", port: 8080 });
      expect(await refused.types()).toEqual(["Initiated", "Rejected", ...FIRST_LIFE]);
    },
  );

  it.concurrent("publishes changed endpoints of an ACTIVE node, and updates the catalog", async () => {
    const moving = node("moving");
    await moving.becomeActive();
    await moving.untilInCatalog({ passing: true, address: "moving.test", port: 8080 });
    await moving.introspect({ endpoints: { http: "http://moved.test:9090" } });
    const updated = await moving.until("NodeUpdated");
    expect(updated.payload).toMatchObject({ attempt: 1, node: { endpoints: { http: "http://moved.test:9090" } } });
    await moving.untilInCatalog({ passing: true, address: "moved.test", port: 9090 });
    await moving.untilRow({ status: "ACTIVE", endpoints: { http: "http://moved.test:9090" } });
    const same = await moving.introspect({ endpoints: { http: "http://moved.test:9090" } });
    expect(await moving.untilJournaled(same)).toMatchObject({ result: expect.stringMatching(/absorbed|renewed/) });
    expect(await moving.types()).toEqual([...FIRST_LIFE, "Updated"]);
    expect((await moving.registration()).state).toBe("ACTIVE");
  });

  it.concurrent("gives an ACTIVE node of another type a new attempt, and removes its old service", async () => {
    const turning = node("turning");
    await turning.becomeActive();
    await turning.becomeActive(2, { node_type: "COMPUTE" });
    await turning.untilInCatalog({ passing: true });
    expect((await world().catalog("turning")).map(({ serviceId }) => serviceId)).toEqual(["onex-compute-turning"]);
    expect(await turning.types()).toEqual([...FIRST_LIFE, ...FIRST_LIFE]);
  });

  it.concurrent(
    "gives a node that restarted a new attempt, and ignores messages of the process before as stale",
    async () => {
      const restarted = node("restarted");
      await restarted.becomeActive(1, { epoch: 1_000 });
      const first = (await restarted.registration()).registration_attempt_id;
      await restarted.introspect({ epoch: 2_000 });
      const older = await restarted.introspect({ epoch: 1_500, reason: "shutdown" });
      expect(await restarted.untilJournaled(older)).toMatchObject({ reason: expect.stringContaining("stale") });
      await restarted.answerAcceptance(2);
      expect(restarted.events("NodeRegistrationInitiated").at(1)?.payload["supersedes"]).toBe(first);
      expect(await restarted.types()).toEqual([...FIRST_LIFE, ...FIRST_LIFE]);
    },
  );

  it.concurrent("supersedes an attempt that waits when the node changes, and its ACK is stale", async () => {
    const changed = node("changed");
    await changed.introspect();
    const accepted = await changed.until("NodeRegistrationAccepted");
    await changed.introspect({ capabilities: ["more"] });
    await changed.until("NodeRegistrationAccepted", 2);
    const stale = await changed.ack({ registration_attempt_id: accepted.payload["registration_attempt_id"] });
    expect(await changed.untilJournaled(stale)).toMatchObject({ reason: "stale ack: attempt 2 is current" });
    await changed.ack();
    expect((await changed.until("NodeBecameActive")).payload["capabilities"]).toEqual(["more"]);
  });

  it.concurrent("takes ONEX's Model prefix and the names of older producers", async () => {
    const onex = node("onex");
    await onex.introspect(
      {
        node_type: "EFFECT",
        node_version: { major: 2, minor: 0, patch: 1 },
        declared_capabilities: { old: true, off: false },
      },
      { payloadType: "ModelNodeIntrospectionEvent" },
    );
    await onex.until("NodeRegistrationAccepted");
    await onex.ack(undefined, { payloadType: "ModelNodeRegistrationAcked" });
    const active = await onex.until("NodeBecameActive");
    expect(active.payload).toMatchObject({ node_type: "effect", capabilities: ["old"] });
    expect((await world().catalog("onex"))[0]?.tags).toContain("node_version:2.0.1");
  });
}
