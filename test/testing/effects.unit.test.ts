import { describe, expect, it } from "vitest";
import type { ModuleCode, ModuleDomain } from "../../app/host/module.ts";
import { registration } from "../../app/modules/registration/module.ts";
import { type SentMessage, testDomain } from "../../app/testing/index.ts";
import { NodeDeregister } from "../../contracts/registration/messages/node-deregister.ts";
import { NodeIntrospectionEvent } from "../../contracts/registration/messages/node-introspection-event.ts";
import type { Backends } from "../../effects/backends.ts";
import type { ServiceChange, WriteResult } from "../../effects/service-catalog/service-registry.ts";
import { type Effect, notYet } from "../../runtime/core/effect.ts";
import { Fault } from "../../runtime/core/fault.ts";

const introspected: SentMessage = NodeIntrospectionEvent.of({ node_id: "n1", node_type: "effect" });
const deregistered: SentMessage = NodeDeregister.of({ node_id: "n1" });

/** Backends that take everything, but for what `answer` says of a service. */
function fakeBackends(answer: (change: ServiceChange) => WriteResult) {
  const changes: ServiceChange[] = [];
  const apply = async (given: readonly ServiceChange[]): Promise<readonly WriteResult[]> => {
    changes.push(...given);
    return given.map(answer);
  };
  const none = async (): Promise<never[]> => [];
  const backends: Partial<Backends> = {
    sql: { query: none },
    serviceCatalog: {
      registry: { apply, list: none },
      discovery: { services: none, probe: async () => ({ version: "fake" }) },
    },
  };
  return { changes, backends };
}

describe("the module's effects on a test's backends", () => {
  it("run until nothing waits", async () => {
    const { changes, backends } = fakeBackends(() => "written");
    const domain = testDomain(registration, { backends }).given(introspected);
    expect((await domain.runEffects()).map(({ state }) => state)).toEqual(["PENDING_REGISTRATION", "ACCEPTED"]);
    expect(changes).toMatchObject([{ kind: "register", version: 1 }]);
    expect(domain.intents).toEqual([]);
    domain.given(deregistered);
    await domain.runEffects();
    expect(changes.map(({ kind }) => kind)).toEqual(["register", "deregister"]);
  });

  it("are tried again by the next call, until the contract's tries are used up", async () => {
    const { changes, backends } = fakeBackends(() => new Fault("UNAVAILABLE", "no answer", { retryable: true }));
    const domain = testDomain(registration, { backends }).given(introspected);
    await domain.runEffects();
    expect(domain.intents.map(({ type }) => type)).toEqual(["consul.register"]);
    for (let tries = 1; tries < 30; tries++) expect(await domain.runEffects()).toEqual([]);
    const [failed] = await domain.runEffects();
    expect(failed).toMatchObject({ message: "failed(consul.register)", state: "REJECTED" });
    expect(changes.filter(({ kind }) => kind === "register")).toHaveLength(31);
  });

  it("are asked again by the next call while they are not done yet, without using a try", async () => {
    const { backends } = fakeBackends(() => "written");
    let isDone = false;
    const [shipped] = registration.domains;
    const code: ModuleDomain["code"] = (...given) => {
      const made = shipped?.code(...given) as ModuleCode;
      const register = made.effects?.["HandlerConsulRegister"] as Effect;
      const run: Effect["run"] = (intents, context) =>
        isDone ? register.run(intents, context) : Promise.resolve(intents.map(() => notYet("it is being built")));
      return { ...made, effects: { ...made.effects, HandlerConsulRegister: { ...register, run } } };
    };
    const slow = { ...registration, domains: [{ ...shipped, code } as ModuleDomain] };
    const domain = testDomain(slow, { backends }).given(introspected);
    await domain.runEffects();
    for (let times = 0; times < 40; times++) expect(await domain.runEffects()).toEqual([]);
    expect(domain.intents.map(({ type }) => type)).toEqual(["consul.register"]);
    isDone = true;
    expect((await domain.runEffects())[0]).toMatchObject({ message: "ConsulRegistrationConfirmed" });
  });

  it("fail at once where a fault is for good", async () => {
    const { backends } = fakeBackends(() => new Fault("CONSUL_REFUSED", "no", { retryable: false }));
    const domain = testDomain(registration, { backends }).given(introspected);
    expect((await domain.runEffects())[0]).toMatchObject({ message: "failed(consul.register)", state: "REJECTED" });
  });

  it("have a catalog in memory when the test gives none, and no SQL", async () => {
    const domain = testDomain(registration).given(introspected);
    expect((await domain.runEffects()).map(({ message }) => message)).toEqual(["ConsulRegistrationConfirmed"]);
    expect(domain.intents.map(({ type }) => type)).toEqual(["postgres.upsert_registration"]);
  });
});
