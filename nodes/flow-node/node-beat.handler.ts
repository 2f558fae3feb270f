import { NodeBeat } from "../../contracts/flow-node/messages/commands.ts";
import { NodeCameBack, NodeTold } from "../../contracts/flow-node/messages/events.ts";
import { STATE_BYTES_MAX, type Told } from "../../contracts/flow-node/messages/fields.ts";
import { canonicalJson } from "../../runtime/core/canonical-json.ts";
import { absorbed, refuse } from "../../runtime/core/handler.ts";
import { handler } from "./handler.ts";

/** Of what a node tells only so much is kept: its load moves with every beat, and each change is written. */
const TOLD_EVERY_MS = 60_000;

/** A beat that tells something, or of a node that was not alive. Any other only renews the lease: see the contract. */
export const HandlerNodeBeat = handler(
  NodeBeat,
  { refusals: ["STATE_TOO_LARGE"] },
  {
    come_back: ({ message: { payload } }) =>
      isTooLarge(payload.told) ? refuse("STATE_TOO_LARGE") : [NodeCameBack.of({ told: payload.told ?? null })],

    tell({ message: { payload }, entity: { data }, now }) {
      const { told = null } = payload;
      if (isTooLarge(told)) return refuse("STATE_TOO_LARGE");
      if (data.told && now - Date.parse(data.told.at) < TOLD_EVERY_MS) return absorbed("what it told is not old yet");
      if (canonicalJson(told) === canonicalJson(data.told?.state)) return absorbed("it tells the same");
      return [NodeTold.of({ told })];
    },
  },
);

/** A character has at most three bytes in UTF-8, or two of them four. */
function isTooLarge(told: Told | null | undefined): boolean {
  const text = told ? JSON.stringify(told) : "";
  return text.length * 3 > STATE_BYTES_MAX && new TextEncoder().encode(text).length > STATE_BYTES_MAX;
}
