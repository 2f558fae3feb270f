import { type Mistake, orchestrator, reducer } from "./mistake.ts";

const never = (expression: string) =>
  orchestrator(
    /never: "seen contains NodeBecameActive and seen lacks NodeRegistrationAcked"/,
    `never: "${expression}"`,
  );

/** What invariants name, held against the machines and the schemas. */
export const invariants: readonly Mistake[] = [
  {
    mistake: "an eventually that names a state of no machine",
    edits: [orchestrator("eventually: [ACTIVE, REJECTED,", "eventually: [ACTIVE, REJECTD,")],
    gives: [
      "RC101 orchestrator.yaml: - { name: every_attempt_settles, eventually: [ACTIVE, «REJECTD», " +
        "ACK_TIMED_OUT, DEREGISTERED] }",
    ],
    says: "no state REJECTD in this machine",
    suggestion: "REJECTED",
    related: ["orchestrator.yaml: - { state_name: REJECTED, is_terminal: true }"],
  },
  {
    mistake: "an eventually that names a state of the other machine",
    edits: [reducer("{ name: idle_leaves_nothing_behind, never:", "{ eventually: [ACTIVE] }\n  - { never:")],
    gives: ["RC101 reducer.yaml: - { eventually: [«ACTIVE»] }"],
    says: "no state ACTIVE in this machine",
  },
  {
    mistake: "a never about something that an invariant does not know",
    edits: [never("orchestratr == ACTIVE")],
    gives: ['RC108 orchestrator.yaml: - { name: active_after_its_ack, never: "«orchestratr» == ACTIVE" }'],
    says: "an invariant has no orchestratr",
    suggestion: "orchestrator",
  },
  {
    mistake: "a never about a state that is none",
    edits: [never("orchestrator == ACTVE")],
    gives: ['RC108 orchestrator.yaml: - { name: active_after_its_ack, never: "orchestrator == «ACTVE»" }'],
    says: "orchestrator is never ACTVE",
    suggestion: "ACTIVE",
  },
  {
    mistake: "a never about an event that nobody sends",
    edits: [never("seen contains NodeBecameActive and seen lacks NodeRegistrationAckd")],
    gives: [
      'RC108 orchestrator.yaml: - { name: active_after_its_ack, never: "seen contains NodeBecameActive and ' +
        'seen lacks «NodeRegistrationAckd»" }',
    ],
    says: "seen is never NodeRegistrationAckd",
    suggestion: "NodeRegistrationAcked",
  },
  {
    mistake: "a never about an intent that nothing takes back",
    edits: [never("owed contains consul.set_status")],
    gives: ['RC108 orchestrator.yaml: - { name: active_after_its_ack, never: "owed contains «consul.set_status»" }'],
    says: "owed is never consul.set_status: it is one of consul.register",
  },
  {
    mistake: "a never that is no expression",
    edits: [never("seen contains")],
    gives: ['RC108 orchestrator.yaml: - { name: active_after_its_ack, never: "seen contains«"» }'],
    says: "expected a value, found the end",
  },
];
