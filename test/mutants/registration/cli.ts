import { MUTANTS } from "../mutants.ts";
import { FLOW_RUN_MUTANTS } from "../flow-run/mutants.ts";
import { plantAll } from "../plant.ts";
import { FLOW_NODE_MUTANTS } from "../flow-node/mutants.ts";
import { REGISTRY_CONSUL_MUTANTS } from "../node-registry/consul-mutants.ts";
import { REGISTRY_MUTANTS } from "../node-registry/mutants.ts";
import { NODE_MUTANTS } from "./mutants.ts";

plantAll([
  ...[...MUTANTS, ...NODE_MUTANTS, ...REGISTRY_MUTANTS, ...REGISTRY_CONSUL_MUTANTS],
  ...[...FLOW_NODE_MUTANTS, ...FLOW_RUN_MUTANTS],
]);
