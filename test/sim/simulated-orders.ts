import { fileURLToPath } from "node:url";
import { compileDomain } from "../../runtime/contract/compile/compile-domain.ts";
import { validateDomain } from "../../runtime/contract/checks/validate.ts";
import { done, type Effect, failed, notYet, type Outcome } from "../../runtime/core/effect.ts";
import type { Domain } from "../../runtime/core/domain.ts";
import { Fault } from "../../runtime/core/fault.ts";
import type { Row } from "../../runtime/core/projection.ts";
import { copyContracts } from "../blackbox/contracts-copy.ts";
import { toyCode, toyFolder } from "../contract/toy-domain.ts";
import { orderPart, orderRow, viewedCode, viewsOf } from "../contract/viewed-orders.ts";
import { retainedFor } from "../shell/purges/retained.ts";
import { judgeAtRest } from "../promises/at-rest.ts";
import { EntityHistory, type Protocol } from "../promises/entity-history.ts";
import { Judge } from "../promises/judge.ts";
import type { ObservedSystem } from "./checks/observed-system.ts";
import { addPurged } from "./checks/purges.ts";
import { checkProjections, prepare, schemasOf, viewsInUse } from "./projections.ts";
import { Sender } from "./sender.ts";
import type { Actions, DomainChecks, SimulatedDomain } from "./simulated-domain.ts";
import { schemasIn } from "./sql/schema.ts";

const PERIOD_MS = 30_000;
const RETAIN_MS = 3_000;
/** Days are too long to be simulated; and that an order has ended is not published. */
const contracts = copyContracts(toyFolder, [
  ["orders", "after: 2d", `after: ${PERIOD_MS}ms`],
  ["orders", "renewed_for: 12h", `renewed_for: ${PERIOD_MS}ms`],
  ["orders", '"{env}.{namespace}.shop.orders", event_type: OrderEnded', "none, event_type: OrderEnded"],
]);
const { model } = validateDomain(contracts.dir, toyCode);
contracts.remove();
if (!model) throw new Error("the contracts of orders have errors");
const COMPILED = compileDomain(model, { env: "dev", namespace: "" });
const VIEWS_MAX = 6;
/** Each version has other rows: of its orders, and of every second version of its parts. */
const VIEWS = Array.from({ length: VIEWS_MAX }, (_, index) => {
  const [list, parts] = [index + 1, Math.floor(index / 2) + 1];
  const ofOrder = (each: never) => {
    const own = orderRow.of(each) as Row | null;
    return own && { ...own, note: `${list}: ${String(own["note"])}` };
  };
  const ofParts = (each: never) => (orderPart.of(each) as Row[]).slice(0, 10 - parts);
  return viewsOf(
    [
      ["version: 1\n    row:", `version: ${list}\n    row:`],
      ["version: 1\n    rows:", `version: ${parts}\n    rows:`],
    ],
    viewedCode({
      order_row: { ...orderRow, version: list, of: ofOrder },
      order_part: { ...orderPart, version: parts, of: ofParts },
    }),
  );
});
const viewsOfVersion = (version: number): Pick<Domain, "projections"> => VIEWS[version - 1] ?? { projections: [] };
/** A week is too long, too. */
const ORDERS = { ...retainedFor(RETAIN_MS)(COMPILED), ...viewsOfVersion(1) };

/** The same contracts with another bank, which answers for a charge, by its intent's id. */
export function ordersWith({ charge }: { readonly charge: (intentId: string) => Promise<Outcome> }): typeof ORDERS {
  const effects = [...ORDERS.effects].map(([type, spec]) => {
    const run: Effect["run"] = (intents) => Promise.all(intents.map(({ id }) => charge(id)));
    return [type, type === "card.charge" ? { ...spec, effect: { ...spec.effect, run } } : spec] as const;
  });
  return { ...ORDERS, effects: new Map(effects) };
}

const charged = done({ type: "CardCharged", payload: {} });
export const bankBusy = failed(new Fault("BANK_BUSY", "later", { retryable: true }));

/** Of some charges it answers "not yet" a few times, of others it fails once; anew in each process. */
function slowBank(): (intentId: string) => Promise<Outcome> {
  const asked = new Map<string, number>();
  return (intentId) => {
    const times = (asked.get(intentId) ?? 0) + 1;
    asked.set(intentId, times);
    const kind = Number.parseInt(intentId.slice(0, 1), 16) % 4;
    const isBusy = kind === 3 && times === 1;
    return Promise.resolve(isBusy ? bankBusy : times <= kind % 3 ? notYet(`${times} of ${kind}`) : charged);
  };
}

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
  domainOn: (_registry, _sql, hash = ORDERS.contractHash) => ({
    ...ordersWith({ charge: slowBank() }),
    contractHash: hash,
  }),
  schemas: [
    ...schemasIn([fileURLToPath(new URL("../../runtime/adapters/migrations", import.meta.url))]),
    ...schemasOf(VIEWS),
  ],
  viewsOf: viewsOfVersion,
  inputs: Object.values(TOPICS),
  unjournaled: [TOPICS.seen],
  periodMs: PERIOD_MS,
  populate(system) {
    prepare(system.database, ORDERS);
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
  "poison message": [1, (_, random) => random.pick(orders).sendUnreadable(TOPICS.place, Buffer.from("{"))],
  "projections change": [0.3, (system, random) => system.changeViews(random, VIEWS_MAX)],
  nothing: [8, () => {}],
});

function orderChecks(observed: ObservedSystem): DomainChecks {
  const { report, database } = observed;
  const judge = new OrderJudge(report, { clocksMs: 0 });
  /** That its customer was told is no event. */
  const byEvents = (state: unknown): unknown => (state === "TOLD" ? "PAID" : state);
  return {
    judge,
    firings: PROTOCOL.firings,
    onAppended() {},
    onStep() {},
    onCommitted: (committed) =>
      checkProjections(observed, { ...ORDERS, ...viewsOfVersion(viewsInUse(database) ?? 1) }, committed),
    atRest() {
      const rows = database.table("entity");
      const entities = new Map(
        rows.map((row) => [String(row["entity_id"]), { state: byEvents(row["state"]), seq: Number(row["seq"]) }]),
      );
      addPurged(entities, judge.entities.keys(), ORDERS.name, database);
      judgeAtRest(judge.entities, { entities }, report, () => {});
    },
  };
}
