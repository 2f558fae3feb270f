import { describe, expect, expectTypeOf, it } from "vitest";
import { z } from "zod";
import { decodeEvent, type RegistrationPayload } from "../../client/events.ts";
import type { NodePayloads } from "../../client/messages.ts";
import { PAYLOAD_CHECKS } from "../../client/payload-checks.ts";
import {
  NodeRegistrationAckReceived,
  NodeRegistrationAckTimedOut,
} from "../../contracts/registration/messages/ack-events.ts";
import { NodeBecameActive } from "../../contracts/registration/messages/node-became-active.ts";
import type { NodeDeregister } from "../../contracts/registration/messages/node-deregister.ts";
import { NodeDeregistered } from "../../contracts/registration/messages/node-deregistered.ts";
import type { NodeHeartbeatEvent } from "../../contracts/registration/messages/node-heartbeat-event.ts";
import type { NodeIntrospectionEvent } from "../../contracts/registration/messages/node-introspection-event.ts";
import { NodeLivenessExpired } from "../../contracts/registration/messages/node-liveness-expired.ts";
import { NodeRegistrationAccepted } from "../../contracts/registration/messages/node-registration-accepted.ts";
import type { NodeRegistrationAcked } from "../../contracts/registration/messages/node-registration-acked.ts";
import { NodeRegistrationInitiated } from "../../contracts/registration/messages/node-registration-initiated.ts";
import { NodeRegistrationRejected } from "../../contracts/registration/messages/node-registration-rejected.ts";
import { NodeUpdated } from "../../contracts/registration/messages/node-updated.ts";
import { exampleOf } from "../../runtime/contract/documents/example.ts";

/** Fields of every event of the orchestrator (protocol.md, Payloads). */
const COMMON = {
  node_id: z.string(),
  correlation_id: z.string(),
  causation_id: z.string(),
  registration_attempt_id: z.string(),
  attempt: z.int(),
  entity_seq: z.int(),
  emitted_at: z.string(),
};
const SCHEMAS = {
  NodeRegistrationInitiated: z.looseObject({ ...COMMON, ...NodeRegistrationInitiated.shape }),
  NodeRegistrationAccepted: z.looseObject({ ...COMMON, ...NodeRegistrationAccepted.shape }),
  NodeRegistrationRejected: z.looseObject({ ...COMMON, ...NodeRegistrationRejected.shape }),
  NodeRegistrationAckReceived: z.looseObject({ ...COMMON, ...NodeRegistrationAckReceived.shape }),
  NodeRegistrationAckTimedOut: z.looseObject({ ...COMMON, ...NodeRegistrationAckTimedOut.shape }),
  NodeBecameActive: z.looseObject({ ...COMMON, ...NodeBecameActive.shape }),
  NodeUpdated: z.looseObject({ ...COMMON, ...NodeUpdated.shape }),
  NodeLivenessExpired: z.looseObject({ ...COMMON, ...NodeLivenessExpired.shape }),
  NodeDeregistered: z.looseObject({ ...COMMON, ...NodeDeregistered.shape }),
} as const;
type Type = keyof typeof SCHEMAS;
type Input<Definition extends { readonly shape: z.ZodRawShape }> = z.input<z.ZodObject<Definition["shape"]>>;

/** Each value is wrong for most fields, and valid for some. */
const VALUES = [undefined, null, "", "text", "2026-01-31T12:00:00.000Z", "effect", -1, 0.5, 2, true, [], [1], {}];
const OTHER_VALUES = [["text"], { key: "text" }, { key: 1 }, [{ backend: "b", error_code: "c", message: "m" }], [{}]];

/** A payload with one field changed, at the top level or within its node. */
function* variantsOf(payload: Readonly<Record<string, unknown>>): Generator<Readonly<Record<string, unknown>>> {
  yield payload;
  for (const name of [...Object.keys(payload), "unknown"])
    for (const value of [...VALUES, ...OTHER_VALUES]) yield { ...payload, [name]: value };
  const { node } = payload;
  if (node !== undefined)
    for (const changed of variantsOf(node as Readonly<Record<string, unknown>>)) yield { ...payload, node: changed };
}

describe("the client's own payloads", () => {
  it("cover all event types of the contracts", () => expect(Object.keys(PAYLOAD_CHECKS)).toEqual(Object.keys(SCHEMAS)));

  it.each(Object.keys(SCHEMAS) as Type[])(
    "of %s are accepted exactly when the contract's schema accepts them",
    (type) => {
      const schema = SCHEMAS[type];
      const example = exampleOf(z.toJSONSchema(schema, { unrepresentable: "any" })) as Readonly<
        Record<string, unknown>
      >;
      const envelopeOf = (payload: object) => JSON.stringify({ envelope_id: "id", payload_type: type, payload });
      expect(decodeEvent(envelopeOf(example))).toEqual({ id: "id", type, payload: example });
      for (const payload of variantsOf(example)) {
        const asSent = JSON.parse(JSON.stringify(payload)) as object;
        const expected = schema.safeParse(asSent).success;
        expect(decodeEvent(envelopeOf(asSent)) !== undefined, JSON.stringify(asSent)).toBe(expected);
      }
    },
  );

  it("have the types of the contracts' shapes", () => {
    expectTypeOf<{ [Each in Type]: RegistrationPayload<Each> }>().toExtend<{
      [Each in Type]: z.infer<(typeof SCHEMAS)[Each]>;
    }>();
    expectTypeOf<{ [Each in Type]: z.infer<(typeof SCHEMAS)[Each]> }>().toExtend<{
      [Each in Type]: RegistrationPayload<Each>;
    }>();
    interface Inputs {
      NodeIntrospectionEvent: Input<typeof NodeIntrospectionEvent>;
      NodeRegistrationAcked: Input<typeof NodeRegistrationAcked>;
      NodeHeartbeatEvent: Input<typeof NodeHeartbeatEvent>;
      NodeDeregister: Input<typeof NodeDeregister>;
    }
    expectTypeOf<NodePayloads>().toExtend<Inputs>();
    expectTypeOf<Inputs>().toExtend<NodePayloads>();
  });
});

describe("an envelope", () => {
  it.each(["", "null", "7", "[]", "{}", '{"envelope_id":"id","payload_type":"toString","payload":{}}'])(
    "%s is none of an event",
    (json) => expect(decodeEvent(json)).toBeUndefined(),
  );
});
