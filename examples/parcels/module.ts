import { defineModule } from "rollcall";
import { calls, errors, requests, rows, shapes, views } from "./gateway.js";
import { HandlerPickupDeadline } from "./handlers.js";
import { HandlerMailSend } from "./mail-send.effect.js";
import { parcelsReducer } from "./reducer.js";
import {
  CollectParcel,
  CorrectEmail,
  EmailCorrected,
  MailSend,
  MailSent,
  NoticeSent,
  OwnerTold,
  ParcelCollected,
  ParcelReturned,
  ParcelStored,
  RedeliverParcel,
  StoreParcel,
} from "./shapes.js";

const sendMail = async (_id: string, to: string, text: string): Promise<void> => console.log(`mail to ${to}: ${text}`);

export default defineModule({
  api: 1,
  name: "parcels",
  domains: [
    {
      name: "parcels",
      contracts: new URL("../contracts/", import.meta.url),
      code: () => ({
        messages: [
          ...[StoreParcel, CollectParcel, CorrectEmail, RedeliverParcel, MailSent, NoticeSent],
          ...[ParcelStored, OwnerTold, EmailCorrected, ParcelCollected, ParcelReturned],
        ],
        handlers: { HandlerPickupDeadline },
        reducer: parcelsReducer,
        intents: [MailSend],
        effects: { HandlerMailSend: HandlerMailSend(sendMail) },
        ...{ rows, views, requests, shapes, calls, errors },
      }),
    },
  ],
});
