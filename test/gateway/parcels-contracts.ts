import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { domainCodeOf, type ModuleCode } from "../../app/host/module.ts";
import { validateFiles } from "../../runtime/contract/checks/validate.ts";
import { handlersOf } from "../../runtime/core/handler.ts";
import { done, effect } from "../../runtime/core/effect.ts";
import { intent } from "../../runtime/core/intent.ts";
import { DeadlineFired, message } from "../../runtime/core/message.ts";
import { row } from "../../runtime/core/projection.ts";
import { reducer } from "../../runtime/core/reducer.ts";
import { ROOT } from "../tidy/sources.ts";

const FOLDER = join(ROOT, "test/gateway/parcels");
const ParcelReturned = message("ParcelReturned", { stored_until: z.string() });
const MailSend = intent("mail.send", { parcel_id: z.string() });

/** What the names in the contracts of parcels/ stand for, as far as the checks look. */
export const PARCELS_CODE: ModuleCode = {
  messages: [
    message("StoreParcel", { parcel_id: z.string(), email: z.string() }),
    message("CollectParcel", { parcel_id: z.string() }),
    ...[message("ParcelStored", { email: z.string() }), message("ParcelCollected", {}), ParcelReturned],
  ],
  handlers: {
    HandlerPickupDeadline: handlersOf()(
      DeadlineFired,
      {},
      { give_back: ({ message: { payload } }) => [ParcelReturned.of({ stored_until: payload.deadline_at })] },
    ),
  },
  reducer: reducer(
    z.object({ email: z.string().default("") }),
    { keep_email: (_, { payload }: { payload: { email: string } }) => ({ email: payload.email }) },
    { emit_notice: (_, { entity }) => MailSend.of({ parcel_id: entity.id }) },
  ),
  intents: [MailSend],
  effects: { HandlerMailSend: effect(MailSend, ["UNAVAILABLE"], async (intents) => intents.map(() => done())) },
  rows: {
    parcel_row: row({ version: 1, shape: z.object({ status: z.string() }), of: ({ state }) => ({ status: state }) }),
  },
  views: { parcel: ({ id }) => ({ id }) },
  calls: { count_parcels: () => ({}), count_as_text: () => "" },
};

export type Edit = readonly [replace: string, by: string];

/** The contracts after edits of its gateway, with what is found in them. */
export function editedParcels(
  edits: readonly Edit[] = [],
  code: Partial<ModuleCode> = {},
  more: Readonly<Record<string, string>> = {},
) {
  const files = [
    ...readdirSync(FOLDER)
      .filter((file) => !(file in more))
      .map((file) => ({ file, text: readFileSync(join(FOLDER, file), "utf8") })),
    ...Object.entries(more).map(([file, text]) => ({ file, text })),
  ];
  const gateway = files.find(({ file }) => file === "gateway.yaml");
  for (const [replace, by] of edits) {
    if (!gateway?.text.includes(replace)) throw new Error(`the gateway has no ${replace}`);
    gateway.text = gateway.text.replace(replace, () => by);
  }
  return validateFiles("parcels", files, domainCodeOf("parcels", { ...PARCELS_CODE, ...code }));
}

/** `code line:column message`, where the file is the gateway. */
export const inShort = ({ diagnostics }: ReturnType<typeof editedParcels>): readonly string[] =>
  diagnostics.map(
    ({ file, code, line, column, message: said }) =>
      `${file === "gateway.yaml" ? "" : `${file} `}${code} ${line}:${column} ${said}`,
  );
