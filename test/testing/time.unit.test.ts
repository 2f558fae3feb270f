import type { Intent } from "../../runtime/core/intent.ts";
import type { NewEvent } from "../../runtime/core/message.ts";
import fc from "fast-check";
import { expect, it } from "vitest";
import { registration } from "../../app/modules/registration/module.ts";
import { type Decision, testDomain } from "../../app/testing/index.ts";
import { ConsulRegistrationConfirmed } from "../../effects/service-catalog/messages.ts";
import { PostgresRegistrationConfirmed } from "../../contracts/registration/messages/outcomes.ts";

const nodes = ["n1", "n2"] as const;
const message = fc.record({
  node_id: fc.constantFrom(...nodes),
  type: fc.constantFrom("NodeIntrospectionEvent", "NodeRegistrationAcked", "NodeHeartbeatEvent", "NodeDeregister"),
});
/** A message, or time that passes, in parts. */
const steps = fc.array(fc.oneof(message, fc.array(fc.integer({ min: 0, max: 40_000 }), { maxLength: 3 })), {
  maxLength: 12,
});

const ANSWERS: Readonly<Record<string, (intent: Intent) => NewEvent>> = {
  "consul.register": ({ version }) => ConsulRegistrationConfirmed.of({ service_id: "s", version }),
  "postgres.upsert_registration": ({ entityId: node_id, version }) =>
    PostgresRegistrationConfirmed.of({ node_id, version }),
};
const isFirstOfTarget = ({ id, target }: Intent, _: number, all: readonly Intent[]): boolean =>
  all.find((other) => other.target === target)?.id === id;

type Step = { readonly type: string; readonly node_id: string } | readonly number[];

/** @param isWhole whether the parts of a time pass at once */
function decide(all: readonly Step[], isWhole: boolean): readonly Decision[] {
  const domain = testDomain(registration);
  for (const each of all) {
    if ("type" in each) {
      domain.when(each.type, { node_id: each.node_id, node_type: "effect" });
      for (const intent of domain.intents.filter(isFirstOfTarget))
        domain.succeed(intent, ANSWERS[intent.type]?.(intent));
    } else if (isWhole) domain.advance(each.reduce((sum, ms) => sum + ms, 0));
    else for (const ms of [...each, 0]) domain.advance(ms);
  }
  return domain.decisions.map((decision) => ({ ...decision, deadlines: {} }));
}

it("the same calls give the same decisions, in however many parts time passes", () =>
  fc.assert(
    fc.property(steps, (all) => {
      const whole = decide(all, true);
      expect(decide(all, true)).toEqual(whole);
      expect(decide(all, false)).toEqual(whole);
    }),
    { numRuns: 20 },
  ));
