import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nodeRegistry } from "../../app/modules/node-registry/module.ts";
import { testDomain } from "../../app/testing/index.ts";
import type { NodeState } from "../../contracts/node-registry/messages/state.ts";
import { type Status, statusOf } from "../../contracts/node-registry/messages/status.ts";

const LEASE_SECONDS = 90;
type Mode = "maintenance" | "draining";
type Step =
  | { readonly what: "register"; readonly hostname: string }
  | { readonly what: "beat"; readonly says: Mode | "online" | "offline" | undefined }
  | { readonly what: "take_out"; readonly mode: Mode }
  | { readonly what: "return" | "revoke" | "readmit" }
  | { readonly what: "wait"; readonly seconds: number };

const mode = fc.constantFrom<Mode[]>("maintenance", "draining");
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ what: fc.constant("register" as const), hostname: fc.constantFrom("a", "b") }),
  fc.record({
    what: fc.constant("beat" as const),
    says: fc.option(fc.oneof(mode, fc.constantFrom("online" as const, "offline" as const)), { nil: undefined }),
  }),
  fc.record({ what: fc.constant("take_out" as const), mode }),
  fc.record({ what: fc.constantFrom("return" as const, "revoke" as const, "readmit" as const) }),
  fc.record({ what: fc.constant("wait" as const), seconds: fc.integer({ min: 1, max: 120 }) }),
);

/** What a node's status has to be, by the rules as people are told them. */
class Expected {
  hostname: string | undefined;
  #isAlive = false;
  #isRevoked = false;
  #silentSeconds = 0;
  #takenOut: Mode | undefined;
  #said: Mode | undefined;

  take(step: Step): void {
    if (step.what === "wait") return this.#wait(step.seconds);
    if (step.what === "readmit") return void (this.#isRevoked = false);
    if (this.#isRevoked || (this.hostname === undefined && step.what !== "register")) return;
    if (step.what === "register") this.#register(step.hostname);
    else if (step.what === "beat") this.#beat(step.says);
    else if (step.what === "take_out") this.#takenOut = step.mode;
    else {
      this.#takenOut = undefined;
      if (step.what === "return") return;
      this.#isRevoked = true;
      this.#fallSilent();
    }
  }

  get status(): Status {
    if (this.#isRevoked) return "revoked";
    return this.#takenOut ?? (this.#isAlive ? (this.#said ?? "online") : "offline");
  }

  #register(hostname: string): void {
    if (this.#isAlive && hostname !== this.hostname) return;
    this.hostname = hostname;
    this.#lives(undefined);
  }

  #beat(says: Mode | "online" | "offline" | undefined): void {
    if (says === "offline") this.#fallSilent();
    else this.#lives(says === "online" ? undefined : says);
  }

  #lives(said: Mode | undefined): void {
    this.#isAlive = true;
    this.#silentSeconds = 0;
    this.#said = said;
  }

  #wait(seconds: number): void {
    this.#silentSeconds += seconds;
    if (this.#silentSeconds >= LEASE_SECONDS) this.#fallSilent();
  }

  #fallSilent(): void {
    this.#isAlive = false;
    this.#said = undefined;
  }
}

describe("a node's status", () => {
  it("is what the rules say, whatever happens in whatever order", () => {
    const nodes = (): ReturnType<typeof testDomain<NodeState>> =>
      testDomain<NodeState>(nodeRegistry, { domain: "node_registry" });
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 25 }), (steps) => {
        const domain = nodes();
        const expected = new Expected();
        for (const step of steps) {
          expected.take(step);
          if (step.what === "wait") domain.advance(step.seconds * 1_000);
          else domain.when(messageOf(step));
          const entity = domain.entity("n1");
          expect(entity && statusOf(entity.state, entity.data)).toBe(
            expected.hostname === undefined ? undefined : expected.status,
          );
          expect(entity?.data.node?.hostname).toBe(expected.hostname);
        }
      }),
    );
  });
});

function messageOf(step: Exclude<Step, { what: "wait" }>) {
  const by = { node_id: "n1", by: "ann" };
  const door = { caller: { id: "ann", privileged: true } };
  if (step.what === "register")
    return { type: "RegisterNode", payload: { node_id: "n1", hostname: step.hostname, role: "r" } };
  if (step.what === "beat")
    return { type: "NodeHeartbeat", payload: { node_id: "n1", ...(step.says !== undefined && { status: step.says }) } };
  if (step.what === "take_out") return { type: "TakeNodeOut", door, payload: { ...by, mode: step.mode } };
  const types = { return: "ReturnNode", revoke: "RevokeNode", readmit: "ReadmitNode" };
  return { type: types[step.what], door, payload: by };
}
