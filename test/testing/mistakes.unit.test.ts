import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { Module } from "../../app/host/module.ts";
import { registration } from "../../app/modules/registration/module.ts";
import { type SentMessage, testDomain } from "../../app/testing/index.ts";
import { NodeIntrospectionEvent } from "../../contracts/registration/messages/node-introspection-event.ts";
import { contractsCopy } from "../blackbox/registration/contracts-copy.ts";

const introspected: SentMessage = NodeIntrospectionEvent.of({ node_id: "n1", node_type: "effect" });
const removals: (() => void)[] = [];
afterEach(() => removals.splice(0).forEach((remove) => remove()));

describe("a mistake is an error that lists what there is", () => {
  const pending = () => testDomain(registration).given(introspected);

  it.each<[string, () => unknown, RegExp]>([
    [
      "a message that is not consumed",
      () => pending().when("NodeDeregistr", {}),
      /^no consumed message NodeDeregistr: known are NodeIntrospectionEvent, .*did you mean NodeDeregister\?$/,
    ],
    [
      "an intent that no effect takes",
      () => pending().succeed("consul.registr"),
      /^no intent consul.registr: known are consul.register, .*did you mean consul.register\?$/,
    ],
    [
      "an intent that nobody asked for",
      () => pending().succeed("consul.deregister"),
      /^no consul.deregister waits for its effect: waiting are consul.register of n1, postgres/,
    ],
    [
      "an intent of two entities by its type",
      () =>
        pending()
          .given({ ...introspected, payload: { ...introspected.payload, node_id: "n2" } })
          .fail("consul.register"),
      /^2 of consul.register wait: pass one of `intents`/,
    ],
    [
      "an event that the effect does not answer",
      () => pending().succeed("consul.register", { type: "PostgresRegistrationConfirmed", payload: {} }),
      /^no output event of consul.register PostgresRegistrationConfirmed: known are ConsulRegistrationConfirmed/,
    ],
    [
      "an answer without its fields",
      () => pending().succeed("consul.register"),
      /^ConsulRegistrationConfirmed is not as its schema says: [^]*service_id/,
    ],
    [
      "a code that the effect does not have",
      () => pending().fail("consul.register", "CONSUL_REFUSE"),
      /^no fault of consul.register CONSUL_REFUSE: known are CONSUL_REFUSED, UNAVAILABLE; did you mean/,
    ],
    [
      "a domain that the module does not have",
      () => testDomain(registration, { domain: "parcels" }),
      /^no domain parcels: known are registration$/,
    ],
    [
      "none of several domains",
      () =>
        testDomain({
          ...registration,
          isAtRoot: false,
          domains: [registration.domains[0]!, { ...registration.domains[0]!, name: "b" }],
        }),
      /^the module registration has the domains registration, b: name one by the option domain$/,
    ],
    ["a time that is none", () => testDomain(registration, { now: "noon" }), /^now: noon is no RFC 3339 time/],
    [
      "a module that could not be served",
      () => testDomain({ ...registration, api: 2 } as unknown as Module),
      /the module under test can't be used:\n {2}api: must be 1, not 2/,
    ],
  ])("%s", (_, mistake, expected) => expect(mistake).toThrow(expected));

  it("contracts that were changed meanwhile are read again", () => {
    const { dir, remove } = contractsCopy();
    removals.push(remove);
    testDomain(registration, { contracts: dir });
    rmSync(join(dir, "reducer.yaml"));
    expect(() => testDomain(registration, { contracts: dir })).toThrow(/^the contracts have errors:/);
  });

  it("contracts with errors are every diagnostic, with file and line", () => {
    const { dir, remove } = contractsCopy(["reducer", "record_failure", "record_falure"]);
    removals.push(remove);
    expect(() => testDomain(registration, { contracts: dir })).toThrow(
      /^the contracts have errors:\n.*reducer\.yaml:\d+:\d+ {2}error {2}RC1\d\d[^]*did you mean record_failure\?/,
    );
  });
});
