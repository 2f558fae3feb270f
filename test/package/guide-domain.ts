import { blocksOf } from "../tidy/guide-blocks.ts";
import type { Installed } from "./installed.ts";

/** What the guide's functions make of a parcel. */
const MAIN = `
import { DeadlineFired, Fault, z } from "rollcall";
import { MailSend, ParcelState, StoreParcel } from "./contracts/parcels/messages/messages.ts";
import { HandlerMailSend } from "./effects/mail/mail-send.effect.ts";
import { HandlerStoreParcel } from "./nodes/parcels/parcels.handlers.ts";
import { parcelsReducer } from "./reducers/parcels/parcels.reducer.ts";

const email: string = z.string().parse("ann@example.com");
const parcel = StoreParcel.of({ parcel_id: "p-1", email });
const store = HandlerStoreParcel.actions["store"] as Function;
const notify = parcelsReducer.builders["emit_notice"] as Function;
const [stored] = store({ message: { payload: parcel.payload } });
const asked = notify(ParcelState.parse({ email }), { entity: { id: "p-1" } });
const { payload } = MailSend.of({ parcel_id: "p-1", to: email, text: "" });
const effect = HandlerMailSend(async () => {});
const [outcome] = await effect.run([{ id: "i", payload }] as never, { signal: new AbortController().signal });
if (DeadlineFired.messageType !== "deadline" || outcome === undefined)
  throw new Fault("NO_OUTCOME", "", { retryable: false });
console.log(stored.type, asked.type, outcome.done ? "done" : "refused");
`;

/** The guide's domain as a consumer writes it: what the runtime gives comes from the package. */
export function guideDomain(installed: Installed, folder: string): string {
  installed.write(`${folder}/package.json`, '{ "type": "module" }\n');
  for (const { text } of blocksOf("docs/guide/add-a-domain.md")) {
    const path = /^\/\/ (\S+\.ts)\n/.exec(text)?.[1];
    if (path === undefined || path.startsWith("app/")) continue;
    const imported = text
      .replaceAll(/"(?:\.\.\/)+runtime\/core\/\w+\.ts"/g, '"rollcall"')
      .replace('from "zod"', 'from "rollcall"');
    installed.write(`${folder}/${path}`, imported);
  }
  for (const page of ["README.md", "docs/guide/nodes.md", "client/README.md"])
    for (const { text } of blocksOf(page).filter((block) => block.language === "ts"))
      installed.write(`${folder}/${page.replaceAll(/\W/g, "-")}.ts`, text);
  return installed.write(`${folder}/main.ts`, MAIN).replace(/ts$/, "js");
}
