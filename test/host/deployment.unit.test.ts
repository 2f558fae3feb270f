import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ConfigError, readConfig } from "../../app/host/config.ts";
import { consumerGroupsOf, deploymentOf } from "../../app/host/deployment.ts";

const real = { KAFKA_BOOTSTRAP_SERVERS: "kafka:9092", DATABASE_URL: "postgres://db/rollcall" };
const variables = (more: Readonly<Record<string, string>> = {}) => readConfig({ ...real, ...more });

describe("the consumer groups of the domains of a process", () => {
  it("are named after the deployment", () => {
    expect(consumerGroupsOf(variables(), ["registration"])).toEqual({ registration: "rollcall.dev.registration" });
    const named = variables({ ROLLCALL_ENV: "prod", ROLLCALL_NAMESPACE: "eu" });
    expect(consumerGroupsOf(named, ["a", "b"])).toEqual({ a: "rollcall.prod.eu.a", b: "rollcall.prod.eu.b" });
  });

  it("are KAFKA_GROUP_ID with the domain's name in it", () => {
    const config = variables({ KAFKA_GROUP_ID: "{domain}-of-team-x.{domain}" });
    expect(consumerGroupsOf(config, ["a", "b"])).toEqual({ a: "a-of-team-x.a", b: "b-of-team-x.b" });
  });

  it("may be one without a name for one domain, and are refused for several with the value to set", () => {
    const config = variables({ KAFKA_GROUP_ID: "nodes" });
    expect(consumerGroupsOf(config, ["a"])).toEqual({ a: "nodes" });
    expect(() => consumerGroupsOf(config, ["a", "b"])).toThrow(ConfigError);
    expect(() => consumerGroupsOf(config, ["a", "b"])).toThrow(/\(a, b\): set KAFKA_GROUP_ID=nodes\.\{domain\}/);
  });

  it("differ from each other whatever is accepted", () => {
    const template = fc.string({ unit: fc.constantFrom("a", ".", "{domain}"), minLength: 1, maxLength: 9 });
    const domains = fc.uniqueArray(fc.stringMatching(/^[a-z][a-z0-9_]{0,4}$/), { minLength: 2, maxLength: 4 });
    fc.assert(
      fc.property(template, domains, (KAFKA_GROUP_ID, names) => {
        const groups = () => Object.values(consumerGroupsOf(variables({ KAFKA_GROUP_ID }), names));
        if (!KAFKA_GROUP_ID.includes("{domain}")) expect(groups).toThrow(ConfigError);
        else expect(new Set(groups()).size).toBe(names.length);
      }),
    );
  });

  it("are none in the embedded mode, where KAFKA_GROUP_ID means nothing", async () => {
    const config = readConfig({ KAFKA_GROUP_ID: "nodes" });
    const groups = consumerGroupsOf(config, ["a", "b"]);
    expect(groups).toEqual({ a: null, b: null });
    expect(await deploymentOf(config, groups)).toEqual({
      ...{ env: "dev", namespace: "", clusterId: null },
      consumerGroups: groups,
    });
  });
});
