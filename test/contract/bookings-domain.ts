import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { domainCodeOf, type ModuleCode } from "../../app/host/module.ts";
import { validateFiles } from "../../runtime/contract/checks/validate.ts";
import { message } from "../../runtime/core/message.ts";

/** A domain whose contract leaves out all that has a default: there is no code but shapes. */
export const bookingsFolder = new URL("./bookings", import.meta.url).pathname;
export const bookingsText = readFileSync(join(bookingsFolder, "bookings.yaml"), "utf8");

export const BookingRequested = message("BookingRequested", {
  booking_id: z.string(),
  room: z.string(),
  guests: z.number().optional(),
});
const BookingConfirmed = message("BookingConfirmed", { room: z.string(), guests: z.number().optional() });
export const BookingCancelled = message("BookingCancelled", { reason: z.string() });

export const bookingsCode: ModuleCode = { messages: [BookingRequested, BookingConfirmed] };

/** The contract after edits, read with the code of its domain. */
export function editedBookings(edits: readonly (readonly [replace: string, by: string])[], code = bookingsCode) {
  const text = edits.reduce((before, [replace, by]) => {
    if (!before.includes(replace)) throw new Error(`the contract has no ${replace}`);
    return before.replace(replace, () => by);
  }, bookingsText);
  const files = [{ file: "bookings.yaml", text }];
  return validateFiles("bookings", files, domainCodeOf("room_bookings", code));
}
