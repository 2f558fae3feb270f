import { intent, message, raised, z } from "rollcall";

const items = z.array(z.string().min(1).max(100)).max(50).optional();

export const StoreParcel = message("StoreParcel", { parcel_id: z.string(), email: z.string(), items });
export const CollectParcel = message("CollectParcel", { parcel_id: z.string() });
export const CorrectEmail = message("CorrectEmail", { parcel_id: z.string(), email: z.string() });
export const RedeliverParcel = message("RedeliverParcel", { parcel_id: z.string(), email: z.string(), items });

export const ParcelStored = message("ParcelStored", { email: z.string(), items });
export const OwnerTold = message("OwnerTold", {});
export const EmailCorrected = message("EmailCorrected", { email: z.string() });
export const ParcelCollected = message("ParcelCollected", {});
export const ParcelReturned = message("ParcelReturned", { stored_until: z.string() });

export const MailSend = intent("mail.send", { parcel_id: z.string(), to: z.string(), text: z.string() });
export const MailSent = message("MailSent", {});
export const NoticeSent = raised("NoticeSent");

/** The entity's data; every field has a default. */
export const ParcelState = z.object({ email: z.string().default(""), items: z.array(z.string()).default([]) });
export type ParcelState = z.infer<typeof ParcelState>;
