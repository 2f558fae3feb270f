import { z } from "zod";
import type { DomainCode } from "../../runtime/core/domain.ts";
import { done, effect } from "../../runtime/core/effect.ts";
import { handlersOf } from "../../runtime/core/handler.ts";
import { intent } from "../../runtime/core/intent.ts";
import { DeadlineFired, message, raised } from "../../runtime/core/message.ts";
import { reducer } from "../../runtime/core/reducer.ts";

/** A domain that has nothing to do with the first one: its contracts are in `toy/`. */
export const toyFolder = new URL("./toy", import.meta.url).pathname;

const PlaceOrder = message("PlaceOrder", { order_id: z.string(), amount: z.number() });
const CancelOrder = message("CancelOrder", { order_id: z.string(), reason: z.string().optional() });
const CustomerSeen = message("CustomerSeen", { order_id: z.string() });
const OrderPlaced = message("OrderPlaced", { amount: z.number() });
const OrderPaid = message("OrderPaid", {});
const OrderEnded = message("OrderEnded", { reason: z.string() });
const CardCharged = message("CardCharged", {});
const PaymentSettled = raised("PaymentSettled");
const PaymentBroken = raised("PaymentBroken");

const CardCharge = intent("card.charge", { order_id: z.string(), amount: z.number() });
const CardRefund = intent("card.refund", { order_id: z.string() });

const Ledger = z.object({ amount: z.number().default(0) });
const handler = handlersOf<z.infer<typeof Ledger>>();

export const toyCode: DomainCode = {
  domain: "orders",
  messages: [
    ...[PlaceOrder, CancelOrder, CustomerSeen, OrderPlaced, OrderPaid, OrderEnded],
    ...[CardCharged, PaymentSettled, PaymentBroken],
  ],
  handlers: {
    HandlerPlaceOrder: handler(PlaceOrder, {}, { place: ({ message: { payload } }) => [OrderPlaced.of(payload)] }),
    HandlerCancelOrder: handler(CancelOrder, {}, { cancel: () => [OrderEnded.of({ reason: "cancelled" })] }),
    HandlerPaymentSettled: handler(PaymentSettled, {}, { pay: () => [OrderPaid.of({})] }),
    HandlerPaymentBroken: handler(PaymentBroken, {}, { end: () => [OrderEnded.of({ reason: "not paid" })] }),
    HandlerPickup: handler(DeadlineFired, {}, { end: () => [OrderEnded.of({ reason: "not picked up" })] }),
  },
  reducer: reducer(
    Ledger,
    {
      note_amount: (state, { payload }: { payload: z.infer<typeof PlaceOrder.schema> }) => ({
        ...state,
        amount: Number(payload["amount"]),
      }),
    },
    {
      emit_charge: ({ amount }, { entity }) => CardCharge.of({ order_id: entity.id, amount }),
      emit_refund: (_, { entity }) => CardRefund.of({ order_id: entity.id }),
    },
  ),
  intents: [CardCharge, CardRefund],
  effects: {
    HandlerCardCharge: effect(CardCharge, ["BANK_BUSY"], async (intents) =>
      intents.map(() => done(CardCharged.of({}))),
    ),
    HandlerCardRefund: effect(CardRefund, [], async (intents) => intents.map(() => done())),
  },
};
