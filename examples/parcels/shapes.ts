import { intent, message, z } from "rollcall";

export const StoreParcel = message("StoreParcel", { parcel_id: z.string(), email: z.string() });
export const CollectParcel = message("CollectParcel", { parcel_id: z.string() });

export const ParcelStored = message("ParcelStored", { email: z.string() });
export const ParcelCollected = message("ParcelCollected", {});
export const ParcelReturned = message("ParcelReturned", { stored_until: z.string() });

export const MailSend = intent("mail.send", { parcel_id: z.string(), to: z.string(), text: z.string() });

/** The entity's data; every field has a default. */
export const ParcelState = z.object({ email: z.string().default("") });
export type ParcelState = z.infer<typeof ParcelState>;
