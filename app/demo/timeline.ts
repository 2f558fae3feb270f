import type { NodeMessage, NodeMessageType } from "../../client/messages.ts";
import type { Decision, MachineTransition } from "../../runtime/core/decision.ts";
import type { Message } from "../../runtime/core/message.ts";
import type { ShellEvent } from "../../runtime/shell/shell-event.ts";

/** The part of the system that a row is about. */
export type Actor = "node" | "orchestrator" | "reducer" | "effect" | "bus" | "deadline";

/** One line of a timeline: what happened, and both machines' states after it. */
export interface TimelineRow {
  readonly atMs: number;
  readonly actor: Actor;
  readonly name: string;
  readonly orchestrator: string;
  readonly reducer: string;
  /** The topic of an event, the target of an intent, or why nothing changed. */
  readonly detail: string;
}

interface TimelineOptions {
  readonly nodeId: string;
  readonly initialReducerState: string;
  readonly topicOf: (type: NodeMessageType) => string;
  readonly nowMs: () => number;
  readonly onRow: (row: TimelineRow) => void;
}

/** Builds one node's timeline, row by row, from the messages that it sends and the events of the shell. */
export class Timeline {
  readonly #options: TimelineOptions;
  #startedMs: number | undefined;
  #orchestrator = "-";
  #reducer: string;

  constructor(options: TimelineOptions) {
    this.#options = options;
    this.#reducer = options.initialReducerState;
  }

  get orchestrator(): string {
    return this.#orchestrator;
  }

  /** The node sends a message; the first one is T+0. */
  recordSent({ type, payload }: NodeMessage): void {
    this.#startedMs ??= this.#options.nowMs();
    const isGoodbye = "reason" in payload && payload.reason === "shutdown";
    this.#addRow("node", type, this.#options.topicOf(type) + (isGoodbye ? ", reason: shutdown" : ""));
  }

  recordShellEvent(event: ShellEvent): void {
    if (event.kind !== "decision" || event.message.entityId !== this.#options.nodeId) return;
    const { message, decision } = event;
    const moves = [...decision.moves];
    this.#addInput(message, decision, moves);
    for (const [index, { type, topic, seq }] of decision.events.entries()) {
      this.#applyMoves(moves, decision.events[index + 1]?.type);
      this.#addRow("orchestrator", type, topic);
      for (const intent of decision.intents)
        if (intent.version === seq) this.#addRow("reducer", intent.type, intent.target);
    }
  }

  /** A row for the input, unless the node's own row shows it, and the transitions before the first event. */
  #addInput({ kind, type }: Message, { entity, events, result, reason }: Decision, moves: MachineTransition[]): void {
    this.#applyMoves(moves, events[0]?.type);
    if (kind === "published") this.#addRow("bus", innerType(type), "confirmed by the bus");
    else if (kind === "deadline") this.#addRow("deadline", type, "passed, and the log has no message in time");
    else if (kind === "outcome" && result !== "no_op")
      this.#addRow("effect", type, type.startsWith("failed(") ? reason : "");
    else if (kind === "bus" && result === "renewed") this.#addRenewals(Object.entries(entity?.deadlines ?? {}));
    else if (kind === "bus" && result !== "changed") this.#addRow("orchestrator", `(${result})`, reason);
  }

  #addRenewals(deadlines: readonly (readonly [string, { readonly at: number }])[]): void {
    for (const [name, { at }] of deadlines)
      this.#addRow("orchestrator", "(renewed)", `${name} deadline moves to T+${at - (this.#startedMs ?? at)}`);
  }

  /** Applies transitions of both state machines, up to the one that the next event triggers. */
  #applyMoves(moves: MachineTransition[], next: string | undefined): void {
    while (moves[0] && !(moves[0].machine === "orchestrator" && moves[0].trigger === next)) {
      const { machine, to } = moves.shift() as MachineTransition;
      if (machine === "orchestrator") this.#orchestrator = to;
      else this.#reducer = to;
    }
  }

  #addRow(actor: Actor, what: string, where: string): void {
    const atMs = this.#options.nowMs() - (this.#startedMs ?? this.#options.nowMs());
    this.#options.onRow({
      atMs,
      actor,
      name: what,
      orchestrator: this.#orchestrator,
      reducer: this.#reducer,
      detail: where,
    });
  }
}

/** The event type in `published(NodeRegistrationAccepted)`. */
const innerType = (type: string): string => type.slice(type.indexOf("(") + 1, -1);
