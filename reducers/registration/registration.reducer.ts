import { truncate } from "../../contracts/registration/messages/rules.ts";
import { type Failure, RegistrationState } from "../../contracts/registration/messages/state.ts";
import type { RegisteredNode } from "../../contracts/registration/messages/registered-node.ts";
import { type ReducerContext, reducer } from "../../runtime/core/reducer.ts";
import { deregisterOldService, deregisterService, registerService, setServiceStatus } from "./consul.intents.ts";
import { updateRowStatus, upsertRow } from "./postgres.intents.ts";

/** Bounds the entity when the backends of its refreshes keep failing. */
const FAILURES_MAX = 8;
const FAILURE_MESSAGE_LENGTH_MAX = 512;

type Introspected = ReducerContext<{ readonly node: RegisteredNode }, RegistrationState>;
type Failed = ReducerContext<Failure, RegistrationState>;

const withNode = (_: RegistrationState, { payload }: Introspected): RegistrationState => ({
  node: payload.node,
  failures: [],
});

/** The contract's actions: changes of the entity's data, and the intents that are emitted. */
export const registrationReducer = reducer(
  RegistrationState,
  {
    start_attempt: withNode,
    replace_node: withNode,
    record_failure: (state, { payload: { backend, error_code, message } }: Failed) => ({
      ...state,
      failures: [
        ...state.failures,
        { backend, error_code, message: truncate(message, FAILURE_MESSAGE_LENGTH_MAX) },
      ].slice(-FAILURES_MAX),
    }),
  },
  {
    emit_consul_intent: registerService,
    emit_consul_status: setServiceStatus,
    emit_consul_deregister: deregisterService,
    emit_consul_deregister_old: deregisterOldService,
    emit_postgres_intent: upsertRow,
    emit_postgres_status: updateRowStatus,
  },
);
