import { reducer, type ReducerContext } from "rollcall";
import { MailSend, ParcelState } from "./shapes.js";

type Stored = ReducerContext<{ readonly email: string }, ParcelState>;

export const parcelsReducer = reducer(
  ParcelState,
  { keep_email: (_, { payload }: Stored) => ({ email: payload.email }) },
  {
    emit_notice: ({ email }, { entity }) =>
      MailSend.of({ parcel_id: entity.id, to: email, text: "Your parcel is in the locker." }),
  },
);
