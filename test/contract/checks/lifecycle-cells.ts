import type { FolderEdit, Lifecycle } from "../edited-folder.ts";

/** A cell of the table of lifecycles: a contract that it refuses, and what is said of it. */
export interface Cell {
  readonly rule: string;
  readonly lifecycle: Lifecycle;
  readonly edits: readonly FolderEdit[];
  readonly says: readonly string[];
}

const NEVER = 'when: "run_id == never"';

export const CELLS: readonly Cell[] = [
  {
    rule: "an attempt begins with one event",
    lifecycle: "attempts",
    edits: [
      ["attempt: { id: payment_attempt_id, started_by: OrderPlaced }", "attempt: { id: payment_attempt_id }"],
      [
        "from_state: [UNPAID, PAID, TOLD], trigger: OrderEnded",
        "from_state: [null, UNPAID, PAID, TOLD], trigger: OrderEnded",
      ],
    ],
    says: ["RC006 OrderPlaced and OrderEnded lead from null: attempt.started_by has to name one of them"],
  },
  {
    rule: "a document has no attempts",
    lifecycle: "document",
    edits: [["lifecycle: document", "lifecycle: document\nattempt: { started_by: PageChanged }"]],
    says: ["RC010 a document's life is its one attempt: leave attempt out"],
  },
  {
    rule: "there is exactly one attempt",
    lifecycle: "once",
    edits: [
      [
        '- { current_state: null }\n        - { current_state: "*", action: no_op, reason: "it runs" }',
        '- { current_state: [null, WAITING] }\n        - { current_state: "*", action: no_op, reason: "it runs" }',
      ],
      ["from_state: null, trigger: RunStarted", "from_state: [null, WAITING], trigger: RunStarted"],
      ["from_state: none, trigger: started", "from_state: [none, held], trigger: started"],
    ],
    says: ["RC208 under lifecycle: once RunStarted opens no second attempt in WAITING"],
  },
  {
    rule: "an outcome counts while its attempt runs",
    lifecycle: "attempts",
    edits: [["actions: [emit_refund, note_amount, emit_charge]", "actions: [emit_refund, note_amount]"]],
    says: ["RC206 UNPAID (reducer charging) can't go on: no outcome, publish or deadline is pending that could end it"],
  },
  {
    rule: "an outcome counts until a younger intent of its target was asked for",
    lifecycle: "document",
    edits: [
      [
        "from_state: [empty, writing, written, refused]",
        "from_state: writing\n      trigger: changed\n      to_state: writing\n" +
          "      actions: [note_text, emit_unshelve]\n" +
          "    - from_state: [empty, written, refused]",
      ],
    ],
    says: ["RC206 SAVING (reducer writing) can't go on: no outcome, publish or deadline is pending that could end it"],
  },
  {
    rule: "an outcome counts while its only attempt runs",
    lifecycle: "once",
    edits: [
      [
        "- { from_state: STARTING, trigger: RunWaits",
        "- { from_state: FAILED, trigger: DeskReserved, to_state: WAITING }\n" +
          "    - { from_state: STARTING, trigger: RunWaits",
      ],
    ],
    says: ["RC208 under lifecycle: once nothing leads on from FAILED"],
  },
  {
    rule: "from a terminal state only the next attempt leads on",
    lifecycle: "attempts",
    edits: [
      [
        "- { current_state: [UNPAID, PAID, TOLD], action: cancel }",
        "- { current_state: [UNPAID, PAID, TOLD, ENDED], action: cancel }",
      ],
      [
        "from_state: [UNPAID, PAID, TOLD], trigger: OrderEnded",
        "from_state: [UNPAID, PAID, TOLD, ENDED], trigger: OrderEnded",
      ],
    ],
    says: ["RC206 the attempt has ended in ENDED, and OrderEnded leads on to ENDED: an attempt has one outcome"],
  },
  {
    rule: "only a transition leads out of a document's terminal state",
    lifecycle: "document",
    edits: [["from_state: [null, SAVING, SAVED, UNSAVED, REMOVED]", "from_state: [null, SAVING, SAVED, UNSAVED]"]],
    says: ["RC105 no transition accepts PageChanged in REMOVED"],
  },
  {
    rule: "no row decides after the end",
    lifecycle: "once",
    edits: [["- { current_state: WAITING }", "- { current_state: [WAITING, DONE] }"]],
    says: ["RC104 under lifecycle: once AnswerRun is declined in DONE, so no row decides there"],
  },
  {
    rule: "each state is left by itself, unless it is terminal or rests",
    lifecycle: "attempts",
    edits: [["trigger: published(OrderPaid)", "trigger: published(OrderPlaced)"]],
    says: ["RC206 PAID (reducer settled) can't go on: no outcome, publish or deadline is pending that could end it"],
  },
  {
    rule: "each state of a document is left by itself, unless it is terminal or rests",
    lifecycle: "document",
    edits: [["{ state_name: SAVED, rests: true }", "{ state_name: SAVED }"]],
    says: [
      "RC301 SAVED waits for something outside and has no deadline: it may wait forever",
      "RC206 SAVED (reducer written) can't go on: no outcome, publish or deadline is pending that could end it",
    ],
  },
  {
    rule: "each state of a run is left by itself, unless it is terminal or rests",
    lifecycle: "once",
    edits: [["{ state_name: WAITING, rests: true }", "{ state_name: WAITING }"]],
    says: ["RC206 WAITING (reducer held) can't go on: no outcome, publish or deadline is pending that could end it"],
  },
  {
    rule: "another attempt can always begin",
    lifecycle: "attempts",
    edits: [
      ["- { current_state: [null, ENDED], action: place }", "- { current_state: null, action: place }"],
      ["from_state: [null, UNPAID, ENDED], trigger: OrderPlaced", "from_state: [null, UNPAID], trigger: OrderPlaced"],
    ],
    says: [
      "UNPAID (reducer charging)",
      "PAID (reducer settled)",
      "TOLD (reducer settled)",
      "ENDED (reducer empty)",
    ].map((place) => `RC206 ${place} allows no further attempt: whatever happens, OrderPlaced opens no other attempt`),
  },
  {
    rule: "a document's resting state can be left",
    lifecycle: "document",
    edits: [
      [
        "- { event_model: { name: WritePage }, output_events: [PageChanged] }",
        "- event_model: { name: WritePage }\n      output_events: [PageChanged]\n      state_decision_matrix:\n" +
          "        - { current_state: [null, REMOVED] }\n" +
          '        - { current_state: "*", action: no_op, reason: "written" }',
      ],
      ["from_state: [null, SAVING, SAVED, UNSAVED, REMOVED]", "from_state: [null, REMOVED]"],
      ["from_state: [empty, writing, written, refused]", "from_state: empty"],
      [
        "- { current_state: [SAVING, SAVED, UNSAVED] }",
        '- { current_state: [SAVING, SAVED, UNSAVED], when: "page_id == never" }',
      ],
    ],
    says: [
      "RC206 SAVED (reducer written) can't be left: whatever happens, no other state follows",
      "RC206 UNSAVED (reducer refused) can't be left: whatever happens, no other state follows",
    ],
  },
  {
    rule: "a run can always come to its end",
    lifecycle: "once",
    edits: [
      ["- { current_state: WAITING }", `- { current_state: WAITING, ${NEVER} }`],
      [
        "- { current_state: [STARTING, WAITING] }",
        `- { current_state: STARTING }\n        - { current_state: WAITING, ${NEVER} }`,
      ],
    ],
    says: ["RC206 WAITING (reducer held) never comes to an end: whatever happens, no state that is terminal follows"],
  },
  {
    rule: "what was begun is undone at every end of an attempt",
    lifecycle: "attempts",
    edits: [["trigger: ended, to_state: empty, actions: [emit_refund]", "trigger: ended, to_state: empty"]],
    says: ["RC207 OrderEnded ends an attempt: no action here emits card.refund"],
  },
  {
    rule: "what was begun is undone at the end of a run",
    lifecycle: "once",
    edits: [
      [
        "from_state: [asked, held, refused], trigger: ended, to_state: given_back, actions: [emit_release]",
        "from_state: [asked, held], trigger: ended, to_state: given_back, actions: [emit_release]",
      ],
      [
        "- { from_state: none, trigger: started",
        "- { from_state: refused, trigger: ended, to_state: given_back }\n    - { from_state: none, trigger: started",
      ],
    ],
    says: ["RC207 RunDone and RunFailed end an attempt: no action here emits desk.release"],
  },
];
