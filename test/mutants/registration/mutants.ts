import type { Mutant } from "../mutants.ts";

/** Of registration and its backends, or seen by its tests. */
export const NODE_MUTANTS: readonly Mutant[] = [
  {
    defect: "a renewal moves a deadline backwards",
    promise: "G8",
    file: "runtime/core/step-run.ts",
    find: "if (at <= armed.at) {",
    replace: "if (at < 0) {",
    tests: ["test/registration/"],
  },
  {
    defect: "an ACK of any attempt counts",
    promise: "G5",
    file: "nodes/registration/node-registration-acked.handler.ts",
    find: "if (!node || !answersCurrentAttempt(message.payload, entity))",
    replace: "if (!node)",
    tests: ["test/registration/"],
  },
  {
    defect: "an outcome of an older attempt counts",
    promise: "G5",
    file: "runtime/core/step.ts",
    find: "if (message.attemptId !== entity.attempt.id)",
    replace: "if (message.attemptId === undefined)",
    tests: ["test/registration/"],
  },
  {
    defect: "no compensation when an attempt ends",
    promise: "G10",
    file: "contracts/registration/reducer.yaml",
    find: "actions: [emit_consul_deregister, emit_postgres_status]",
    replace: "actions: [emit_postgres_status]",
    tests: ["test/registration/"],
  },
  {
    defect: "an effect's status change is written over a younger one",
    promise: "G6",
    file: "effects/postgres/postgres-update.effect.ts",
    find: "where held.node_id = given.node_id and held.version <= given.version::bigint`",
    replace: "where held.node_id = given.node_id`",
    tests: ["test/effects/postgres.int"],
  },
  {
    defect: "a service of somebody else is taken over",
    promise: "G10",
    file: "effects/consul/service-plan.ts",
    find: "if (holder !== owner) {",
    replace: 'if (holder === "") {',
    tests: ["test/effects/consul.real"],
  },
  {
    defect: "an effect is not idempotent: an older version is written over a younger one",
    promise: "G6",
    file: "effects/postgres/postgres-upsert.effect.ts",
    find: "where held.version <= excluded.version`",
    replace: "`",
    tests: ["test/effects/postgres.int"],
  },
];
