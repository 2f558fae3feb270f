import { reducer, type ReducerContext } from "rollcall";
import { MailSend, ParcelState } from "./shapes.js";

type Addressed = ReducerContext<{ readonly email: string }, ParcelState>;
type Stored = ReducerContext<Partial<ParcelState> & { readonly email: string }, ParcelState>;

export const parcelsReducer = reducer(
  ParcelState,
  {
    keep_parcel: (_, { payload: { email, items = [] } }: Stored) => ({ email, items }),
    keep_email: (parcel, { payload: { email } }: Addressed) => ({ ...parcel, email }),
  },
  {
    emit_notice: ({ email }, { entity }) =>
      MailSend.of({ parcel_id: entity.id, to: email, text: "Your parcel is in the locker." }),
  },
);
