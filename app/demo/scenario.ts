import type { RollcallNode, RollcallNodeEvents } from "../../client/rollcall-node.ts";
import { topicOf } from "../../client/topics.ts";
import type { Colors } from "../terminal/output.ts";
import { CAST, DemoNode, HERO } from "./demo-nodes.ts";
import { headLine, rowLine } from "./timeline-table.ts";
import type { Stage } from "./demo-system.ts";
import { type Row, Timeline } from "./timeline.ts";

export interface StoryOptions {
  readonly stage: Stage;
  readonly colors: Colors;
  readonly print: (line: string) => void;
}

/** What any one thing may take on a slow machine before the demo says that it failed. */
const PATIENCE_MS = 20_000;
const HEARTBEATS_SHOWN_MS = 2_500;

/** Five nodes register; one of them is followed, falls silent, expires and comes back. */
export class Story {
  readonly #options: StoryOptions;
  readonly #nodes: readonly DemoNode[];
  readonly #timeline: Timeline;
  readonly #active = new Map<string, number>();
  #lastRow: Row | undefined;

  constructor(options: StoryOptions) {
    this.#options = options;
    const { system, transport } = options.stage;
    const { ROLLCALL_ENV: env, ROLLCALL_NAMESPACE: namespace } = system.config;
    this.#timeline = new Timeline({
      nodeId: HERO,
      initialReducerState: system.domain.reducer.initial,
      topicOf: (type) => topicOf(type, { env, namespace }),
      nowMs: Date.now,
      onRow: (row) => this.#tell(row),
    });
    this.#nodes = CAST.map(
      (description) =>
        new DemoNode(
          transport,
          { ...description, endpoints: { http: `http://${description.nodeId}.demo:8080` } },
          (message) => message.nodeId === HERO && this.#timeline.said(message),
        ),
    );
    system.watch((event) => this.#timeline.heard(event));
  }

  async registration(): Promise<void> {
    this.#say("Five nodes introspect. The story of one of them, as it happens:");
    const startedMs = Date.now();
    for (const { node } of this.#nodes) node.on("active", () => this.#active.set(node.nodeId, Date.now() - startedMs));
    const active = this.#nodes.map(({ node }) => this.#once(node, "active", "become ACTIVE"));
    await Promise.all(this.#nodes.map(({ node }) => node.start()));
    await Promise.all(active);
    const others = CAST.filter(({ nodeId }) => nodeId !== HERO).map(
      ({ nodeId }) => `${nodeId} after ${this.#active.get(nodeId)} ms`,
    );
    this.#say(`${HERO} is ACTIVE; so are ${others.join(", ")}. Heartbeats keep them so:`);
    await this.#pause(HEARTBEATS_SHOWN_MS);
  }

  async expiry(): Promise<void> {
    const hero = this.#nodes.find(({ node }) => node.nodeId === HERO);
    if (!hero) throw new Error(`no node ${HERO}`);
    this.#say(`Now ${HERO} goes silent: its heartbeats are held back, the other four go on.`);
    const expired = this.#once(hero.node, "expired", "expire");
    hero.isMuted = true;
    hero.node.once("expired", () => (hero.isMuted = false));
    const again = expired.then(() => this.#once(hero.node, "active", "become ACTIVE again"));
    await expired;
    this.#say(`${HERO} was told LIVENESS_EXPIRED, and registers again by itself:`);
    const { attempt } = await again;
    const phases = this.#nodes.map(({ node }) => `${node.nodeId} ${node.phase.toUpperCase()}`);
    this.#options.print("");
    this.#options.print(`${HERO} is back, with attempt ${attempt}. All five: ${phases.join(", ")}.`);
  }

  async goodbye(): Promise<void> {
    this.#say("They say goodbye, and what was registered is taken back:");
    await Promise.all(this.#nodes.map(({ node }) => node.close()));
    for (let waitedMs = 0; this.#timeline.orchestrator !== "DEREGISTERED"; waitedMs += 50) {
      if (waitedMs > PATIENCE_MS) throw new Error(`${HERO} said goodbye and is still ${this.#timeline.orchestrator}`);
      await this.#pause(50);
    }
  }

  /** Whatever happened: nobody speaks any more. */
  async end(): Promise<void> {
    await Promise.all(this.#nodes.map(({ node }) => node.close({ goodbye: false })));
  }

  #say(text: string): void {
    const { print, colors } = this.#options;
    print("");
    print(colors.bold(text));
    print("");
    print(headLine(colors));
  }

  #tell(row: Row): void {
    this.#options.print(rowLine(row, this.#lastRow, this.#options.colors));
    this.#lastRow = row;
  }

  async #once<Name extends "active" | "expired">(
    node: RollcallNode,
    event: Name,
    what: string,
  ): Promise<RollcallNodeEvents[Name][0]> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const text = `${node.nodeId} did not ${what} within ${PATIENCE_MS / 1_000} s; it is ${node.phase}`;
      timer = setTimeout(() => reject(new Error(text)), PATIENCE_MS);
    });
    const happened = node.next(event);
    const [payload] = await Promise.race([happened, late, this.#options.stage.broken]).finally(() =>
      clearTimeout(timer),
    );
    return payload;
  }

  async #pause(ms: number): Promise<void> {
    await Promise.race([new Promise((resolve) => setTimeout(resolve, ms)), this.#options.stage.broken]);
  }
}
