import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { registrationCode } from "../../app/registration.ts";
import {
  ConsulDeregister,
  ConsulRegister,
  ConsulSetStatus,
  PostgresUpdateRegistration,
  PostgresUpsertRegistration,
} from "../../contracts/registration/messages/intents.ts";
import { compileDomain } from "../../runtime/contract/compile.ts";
import type { Domain } from "../../runtime/core/domain.ts";
import { effect } from "../../runtime/core/effect.ts";

const idle = () => Promise.resolve([]);

const read = (file: string) => ({
  file,
  text: "",
  contract: parse(readFileSync(new URL(`../../contracts/registration/${file}`, import.meta.url), "utf8")),
  place: () => {
    throw new Error("unused");
  },
});

/** The contracts that are shipped, compiled with the code that is shipped; effects that are never run. */
export const shippedDomain: Domain = compileDomain(
  {
    domain: "registration",
    orchestrator: read("orchestrator.yaml"),
    reducer: read("reducer.yaml"),
    effects: [read("effects.yaml")],
  },
  registrationCode({
    HandlerConsulRegister: effect(ConsulRegister, [], idle),
    HandlerConsulSetStatus: effect(ConsulSetStatus, [], idle),
    HandlerConsulDeregister: effect(ConsulDeregister, [], idle),
    HandlerPostgresUpsert: effect(PostgresUpsertRegistration, [], idle),
    HandlerPostgresUpdate: effect(PostgresUpdateRegistration, [], idle),
  }),
  { env: "dev", namespace: "" },
);
