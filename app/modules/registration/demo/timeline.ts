import type { NodeMessage } from "../../../../client/messages.ts";
import { topicOf, type TopicPrefix } from "../../../../client/topics.ts";
import type { Decision, MachineTransition } from "../../../../runtime/core/decision.ts";
import type { Message } from "../../../../runtime/core/message.ts";
import type { ShellEvent } from "../../../../runtime/shell/shell-event.ts";
import { colors, print } from "../../../terminal/output.ts";
import { paintState } from "../paint-state.ts";

/** The parts of the system that a row can be about, and their colours. */
const ACTORS = {
  node: colors.bold,
  orchestrator: colors.blue,
  reducer: colors.magenta,
  effect: colors.green,
  bus: colors.magenta,
  deadline: colors.red,
} as const;
type Actor = keyof typeof ACTORS;

const WIDTHS = { atMs: 6, actor: 12, what: 29, orchestrator: 20, reducer: 8 } as const;
export const TIMELINE_HEADER =
  "  T+ms  who           what                           orchestrator          reducer   topic, target or reason";

/** Prints one node's timeline, row by row, from the messages that it sends and the events of the shell. */
export class Timeline {
  readonly #nodeId: string;
  readonly #topics: TopicPrefix;
  #startedMs: number | undefined;
  #orchestrator = "-";
  #reducer: string;
  /** Both states in the row before: one that is new stands out. */
  #printed = { orchestrator: "", reducer: "" };

  constructor(nodeId: string, initialReducerState: string, topics: TopicPrefix) {
    this.#nodeId = nodeId;
    this.#reducer = initialReducerState;
    this.#topics = topics;
  }

  get orchestrator(): string {
    return this.#orchestrator;
  }

  /** The node sends a message; the first one is T+0. */
  recordSent({ type, payload }: NodeMessage): void {
    this.#startedMs ??= Date.now();
    const isGoodbye = "reason" in payload && payload.reason === "shutdown";
    this.#printRow("node", type, topicOf(type, this.#topics) + (isGoodbye ? ", reason: shutdown" : ""));
  }

  recordShellEvent(event: ShellEvent): void {
    if (event.kind !== "decision" || event.message.entityId !== this.#nodeId) return;
    const { message, decision } = event;
    const moves = [...decision.moves];
    this.#printInput(message, decision, moves);
    for (const [index, { type, topic, seq }] of decision.events.entries()) {
      this.#applyMoves(moves, decision.events[index + 1]?.type);
      this.#printRow("orchestrator", type, topic ?? "");
      for (const intent of decision.intents)
        if (intent.version === seq) this.#printRow("reducer", intent.type, intent.target);
    }
  }

  /** A row for the input, unless the node's own row shows it, and the transitions before the first event. */
  #printInput({ kind, type }: Message, { entity, events, result, reason }: Decision, moves: MachineTransition[]): void {
    this.#applyMoves(moves, events[0]?.type);
    if (kind === "published") this.#printRow("bus", innerType(type), "confirmed by the bus");
    else if (kind === "deadline") this.#printRow("deadline", type, "passed, and the log has no message in time");
    else if (kind === "outcome" && result !== "no_op")
      this.#printRow("effect", type, type.startsWith("failed(") ? reason : "");
    else if (kind === "bus" && result === "renewed")
      for (const [name, { at }] of Object.entries(entity?.deadlines ?? {}))
        this.#printRow("orchestrator", "(renewed)", `${name} deadline moves to T+${at - (this.#startedMs ?? at)}`);
    else if (kind === "bus" && result !== "changed") this.#printRow("orchestrator", `(${result})`, reason);
  }

  /** Applies transitions of both state machines, up to the one that the next event triggers. */
  #applyMoves(moves: MachineTransition[], next: string | undefined): void {
    while (moves[0] && !(moves[0].machine === "orchestrator" && moves[0].trigger === next)) {
      const { machine, to } = moves.shift() as MachineTransition;
      if (machine === "orchestrator") this.#orchestrator = to;
      else this.#reducer = to;
    }
  }

  /** @param detail the topic of an event, the target of an intent, or why nothing changed */
  #printRow(actor: Actor, what: string, detail: string): void {
    const atMs = this.#startedMs === undefined ? 0 : Date.now() - this.#startedMs;
    const [orchestrator, reducer] = [this.#orchestrator, this.#reducer];
    const [state, reducerState] = [orchestrator.padEnd(WIDTHS.orchestrator), reducer.padEnd(WIDTHS.reducer)];
    const isNew = orchestrator !== this.#printed.orchestrator;
    const row = [
      String(atMs).padStart(WIDTHS.atMs),
      ACTORS[actor](actor.padEnd(WIDTHS.actor)),
      actor === "node" ? colors.bold(what.padEnd(WIDTHS.what)) : what.padEnd(WIDTHS.what),
      isNew ? state.replace(orchestrator, paintState(orchestrator)) : colors.dim(state),
      reducer !== this.#printed.reducer ? colors.cyan(reducerState) : colors.dim(reducerState),
      colors.dim(detail),
    ];
    print(row.join("  ").trimEnd());
    this.#printed = { orchestrator, reducer };
  }
}

/** The event type in `published(NodeRegistrationAccepted)`. */
const innerType = (type: string): string => type.slice(type.indexOf("(") + 1, -1);
