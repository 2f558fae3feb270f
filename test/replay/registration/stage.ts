import { MIGRATIONS } from "../../../app/host/open-shared.ts";
import { registrationOn } from "../../../app/modules/registration/module.ts";
import { SHIPPED_CONTRACTS } from "../../../app/modules/shipped.ts";
import { backendsOf } from "../../../effects/backends.ts";
import { migrate } from "../../../runtime/adapters/sql/migrate.ts";
import type { Store } from "../../../runtime/ports/store.ts";
import type { Edit } from "../../blackbox/contracts-copy.ts";
import { contractsCopy } from "../../blackbox/registration/contracts-copy.ts";
import { type Sent, ShellStage, type StagedDomain, STRIDE_MS } from "../shell-stage.ts";

const REGISTRATION: StagedDomain = {
  contracts: SHIPPED_CONTRACTS,
  codeOn(sql, clock) {
    const backends = backendsOf({
      variables: { CONSUL_REGISTRATION: "txn" },
      scope: { env: "dev", namespace: "" },
      ...{ sql, clock },
    });
    const code = registrationOn(backends("registration"));
    return { ...code, reconciled: code.reconciled?.filter(({ backend }) => backend !== "consul") ?? [] };
  },
};

/** Nodes on the real shell. */
export class Stage extends ShellStage {
  static async on(store: Store): Promise<Stage> {
    await store.query(`drop schema if exists rollcall cascade`);
    await migrate(store, MIGRATIONS);
    const stage = new Stage(store, REGISTRATION);
    await stage.start();
    return stage;
  }

  /** Starts a process on the store that an earlier one has left. */
  static async goingOn(store: Store): Promise<Stage> {
    await migrate(store, MIGRATIONS);
    const stage = new Stage(store, REGISTRATION);
    stage.clock.wallAtMs = Date.now();
    await stage.start();
    return stage;
  }

  /** Nobody serves for a day. */
  async nextDay(): Promise<void> {
    await this.stop();
    this.clock.wallAtMs += 86_400_000;
    await this.start();
  }

  async startEdited(...edits: readonly Edit[]): Promise<void> {
    const copy = contractsCopy(...edits);
    await this.start(copy.dir).finally(copy.remove);
  }

  introspect = (node_id: string, more: object = {}, sent: Sent = {}): Promise<void> =>
    this.send("NodeIntrospectionEvent", { node_id, node_type: "effect", node_version: "1.0.0", ...more }, sent);

  /** By default for the current attempt. */
  async ack(node_id: string, more: object = {}, sent: Sent = {}): Promise<void> {
    const [row] = await this.store.query<{ id: string }>(
      `select attempt::json ->> 'id' as id from rollcall.entity where entity_id = $1`,
      [node_id],
    );
    await this.send(
      "NodeRegistrationAcked",
      { node_id, ...(row && { registration_attempt_id: row.id }), ...more },
      sent,
    );
  }

  heartbeat = (node_id: string, sent: Sent = {}): Promise<void> => this.send("NodeHeartbeatEvent", { node_id }, sent);
  deregister = (node_id: string, reason?: string): Promise<void> =>
    this.send("NodeDeregister", { node_id, ...(reason !== undefined && { reason }) });

  /** Registers a node until it is active. */
  async active(node_id: string, more: object = {}): Promise<void> {
    await this.introspect(node_id, more);
    await this.pass(STRIDE_MS);
    await this.ack(node_id);
  }
}
