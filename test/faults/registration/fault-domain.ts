import { judge } from "../../blackbox/registration/judge.ts";
import { RealWorld } from "../../blackbox/registration/real-world.ts";
import { SHIPPED_CONTRACTS } from "../../../app/modules/shipped.ts";
import type { FaultDomain } from "../fault-domain.ts";
import { startLoad } from "./load.ts";

/** Another secret of the processes, which none of their output may contain. */
const CONSUL_TOKEN = "canary-of-consul";

export const nodes: FaultDomain<RealWorld> = {
  contracts: SHIPPED_CONTRACTS,
  mistake: ["orchestrator", "to_state: ACCEPTED", "to_state: ACCEPTD"],
  doneIn: "ACTIVE",
  backends: [{ addressIn: ({ consul }) => consul, environment: (address) => ({ CONSUL_HTTP_ADDR: address }) }],
  open: (services, options) =>
    RealWorld.create(services, {
      ...options,
      environment: { CONSUL_HTTP_TOKEN: CONSUL_TOKEN, ...options.environment },
    }),
  startLoad,
  async judge(world, more) {
    const evidence = { ...(await world.evidence()), ...more };
    return { evidence, broken: judge(evidence) };
  },
};
