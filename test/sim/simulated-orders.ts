import { fileURLToPath } from "node:url";
import { compileDomain } from "../../runtime/contract/compile/compile-domain.ts";
import { validateDomain } from "../../runtime/contract/checks/validate.ts";
import { copyContracts } from "../blackbox/contracts-copy.ts";
import { toyCode, toyFolder } from "../contract/toy-domain.ts";
import { judgeAtRest } from "../promises/at-rest.ts";
import { EntityHistory, type Protocol } from "../promises/entity-history.ts";
import { Judge } from "../promises/judge.ts";
import type { ObservedSystem } from "./checks/observed-system.ts";
import { Sender } from "./sender.ts";
import type { Actions, DomainChecks, SimulatedDomain } from "./simulated-domain.ts";
import { schemasIn } from "./sql/schema.ts";

const PERIOD_MS = 30_000;
/** Days are too long to be simulated. */
const contracts = copyContracts(toyFolder, [
  ["orders", "after: 2d", `after: ${PERIOD_MS}ms`],
  ["orders", "renewed_for: 12h", `renewed_for: ${PERIOD_MS}ms`],
]);
const { model } = validateDomain(contracts.dir, toyCode);
contracts.remove();
if (!model) throw new Error("the contracts of orders have errors");
const ORDERS = compileDomain(model, { env: "dev", namespace: "" });

const topicOf = (type: string): string => ORDERS.consumed.find((each) => each.type === type)?.topic ?? "";
const TOPICS = { place: topicOf("PlaceOrder"), cancel: topicOf("CancelOrder"), seen: topicOf("CustomerSeen") };

const PROTOCOL: Protocol = {
  attemptField: "payment_attempt_id",
  begins: { type: "OrderPlaced", to: "UNPAID" },
  follows: {
    OrderPaid: { from: ["UNPAID"], to: "PAID" },
    OrderEnded: { from: ["UNPAID", "PAID"], to: "ENDED" },
  },
  ended: ["ENDED"],
  underWay: ["UNPAID"],
  promisedBy: [],
  firings: [],
};

class OrderJudge extends Judge<EntityHistory> {
  protected newHistory(id: string): EntityHistory {
    return new EntityHistory(id, PROTOCOL);
  }
  protected judge(): void {}
}

/** A domain that has nothing to do with the shipped ones, so that the simulation stays free of them. */
export const domain: SimulatedDomain = {
  name: ORDERS.name,
  domainOn: (_registry, _sql, hash = ORDERS.contractHash) => ({ ...ORDERS, contractHash: hash }),
  schemas: schemasIn([fileURLToPath(new URL("../../runtime/adapters/migrations", import.meta.url))]),
  inputs: Object.values(TOPICS),
  unjournaled: [TOPICS.seen],
  periodMs: PERIOD_MS,
  populate(system) {
    const clock = { skewMs: 0, statesTimes: false };
    const tell = (text: () => string): void => system.addToTranscript(text);
    const orders = ["tea", "ink", "oil"].map((id) => new Sender(id, clock, system.broker, system.random, tell));
    return { actions: actionsOf(orders), fallSilent: () => {} };
  },
  checks: orderChecks,
};

const actionsOf = (orders: readonly Sender[]): Actions => ({
  place: [
    8,
    (_, random) => {
      const order = random.pick(orders);
      order.send(TOPICS.place, { order_id: order.id, amount: random.int(0, 9) });
    },
  ],
  cancel: [
    2,
    (_, random) => {
      const order = random.pick(orders);
      order.send(TOPICS.cancel, { order_id: order.id }, { inWrongPartition: random.chance(0.1) });
    },
  ],
  seen: [
    4,
    (_, random) => {
      const order = random.pick(orders);
      order.send(TOPICS.seen, { order_id: order.id });
    },
  ],
  "poison message": [
    1,
    (_, random) => random.pick(orders).produce(TOPICS.place, Buffer.from("{"), { "x-poison": "1" }, random.next() * 10),
  ],
  nothing: [8, () => {}],
});

function orderChecks({ report, database }: ObservedSystem): DomainChecks {
  const judge = new OrderJudge(report, { clocksMs: 0 });
  /** That its customer was told is no event. */
  const byEvents = (state: unknown): unknown => (state === "TOLD" ? "PAID" : state);
  return {
    judge,
    firings: PROTOCOL.firings,
    onAppended() {},
    onStep() {},
    onCommitted() {},
    atRest() {
      const rows = database.table("entity");
      const entities = new Map(
        rows.map((row) => [String(row["entity_id"]), { state: byEvents(row["state"]), seq: Number(row["seq"]) }]),
      );
      judgeAtRest(judge.entities, { entities }, report, () => {});
    },
  };
}
