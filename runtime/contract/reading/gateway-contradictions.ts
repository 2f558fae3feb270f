import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { diagnosticAt } from "./contract-source.ts";
import type { UncheckedNode } from "./unchecked-node.ts";

/** What a call does, and the keys that go with it. */
const KEYS_OF = {
  message: ["payload", "exists", "load", "if_match", "wait", "replies", "domain"],
  entity: ["view", "etag", "missing", "all_entities", "domain", "identity"],
  projection: ["view", "filters", "where", "all_entities", "hide", "sort", "page", "total", "shape", "domain"],
  call: ["acts"],
  follows: ["all_entities", "missing", "identity"],
  share: ["missing", "domain"],
} as const;
const DEEDS = Object.keys(KEYS_OF) as (keyof typeof KEYS_OF)[];
const ONE_OF = "message, entity, projection, call, follows or share";

export function* gatewayContradictions(gateway: UncheckedNode): Iterable<Diagnostic> {
  const hasAccess = gateway.at("access").isPresent;
  for (const call of gateway.items("calls")) {
    if (!hasAccess && !call.at("access").isPresent)
      yield call.at("access").missingKey("who may call it? access is missing, here and in the gateway");
    yield* deedContradictions(call);
    for (const reply of call.items("replies")) yield* replyContradictions(reply);
  }
}

function* deedContradictions(call: UncheckedNode): Iterable<Diagnostic> {
  const [deed, other] = DEEDS.filter((key) => call.at(key).isPresent);
  if (deed === undefined) return yield call.missingKey(`a call does one thing: ${ONE_OF} is missing`);
  if (other !== undefined) {
    const message = `a call does one thing: ${deed} or ${other}, not both`;
    return yield call.at(other).contradiction(message, call.at(deed), "the other", "key");
  }
  const own: readonly string[] = KEYS_OF[deed];
  for (const key of new Set(Object.values(KEYS_OF).flat()))
    if (call.at(key).isPresent && !own.includes(key))
      yield call.at(key).contradiction(`${key} does not go with ${deed}`, call.at(deed), "here", "key");
  yield* methodContradictions(call, deed);
  if (deed === "entity" && !call.at("view").isPresent) yield call.at("view").missingKey();
  if (deed === "message") yield* replyKeyContradictions(call);
  if (deed === "projection") yield* listContradictions(call);
  if (deed === "follows") yield* followsContradictions(call);
}

/** What is of one entity, where the stream is of many. */
function* followsContradictions(call: UncheckedNode): Iterable<Diagnostic> {
  const follows = call.at("follows");
  const domains = follows.at("domains");
  if (follows.at("from_first").isPresent && follows.at("begins_with").isPresent)
    yield follows
      .at("begins_with")
      .contradiction(
        "a stream begins with rows or with the first event, not with both",
        follows.at("from_first"),
        "here",
      );
  if (follows.at("entity").isPresent) {
    if (follows.items("domains").length > 1)
      yield follows.at("entity").contradiction("an entity is of one domain", domains, "these are more");
    return;
  }
  const ofOne = [call.at("missing"), call.at("identity"), follows.at("from_first")];
  for (const key of ofOne.filter(({ isPresent }) => isPresent))
    yield key.contradiction("it is for the events of one entity: entity is missing", follows, "here", "key");
}

function* listContradictions(call: UncheckedNode): Iterable<Diagnostic> {
  const [total, shape, page] = [call.at("total"), call.at("shape"), call.at("page")];
  if (total.isPresent && !shape.isPresent)
    yield total.contradiction("without a shape nothing shows the total", call.at("projection"), "here", "key");
  const [size, max] = [page.at("default").value, page.at("max").value];
  if (typeof size === "number" && typeof max === "number" && size > max)
    yield page.at("default").contradiction(`a page has at most ${max} rows`, page.at("max"), "the largest");
  if (page.at("style").value === "page" && typeof size !== "number")
    yield page.at("default").missingKey("pages that have numbers have a size: default: 50");
  const [byDefault, by] = [call.at("sort").at("default"), call.at("sort").items("by")];
  if (byDefault.isPresent && by.length > 0 && by.every((column) => column.value !== byDefault.value))
    yield byDefault.contradiction(`${String(byDefault.value)} is not under by`, call.at("sort").at("by"), "these are");
}

/** A GET may be sent again by whoever stands between, and a page of another site can cause one. */
function* methodContradictions(call: UncheckedNode, deed: string): Iterable<Diagnostic> {
  const route = call.at("route");
  const [, method] = /^([A-Z]+) /.exec(route.text() ?? "") ?? [];
  const isGet = method === "GET";
  const acts = deed === "call" && call.at("acts").value === true;
  if (method === undefined || isGet !== (deed === "message" || deed === "share" || acts)) return;
  const what = deed === "message" ? "publishes nothing" : deed === "share" ? "makes no link" : "does nothing";
  const message = isGet ? `a GET ${what}: use POST, PUT, PATCH or DELETE` : `what only reads is a GET`;
  yield route.contradiction(message, call.at(deed), "here", "key");
}

function* replyKeyContradictions(call: UncheckedNode): Iterable<Diagnostic> {
  const [wait, replies] = [call.at("wait"), call.at("replies")];
  if (wait.text() === "none" && replies.isPresent)
    yield replies.contradiction("nothing is waited for: the answer is always 202", wait, "here", "key");
  if (wait.text() !== "none" && !replies.isPresent) yield replies.missingKey();
  const ifMatch = call.at("if_match");
  if (wait.text() === "none" && ifMatch.value === true)
    yield ifMatch.contradiction("the turn decides whether it is 412, and nothing is waited for", wait, "here", "key");
}

const FITS = ["event", "state", "refusal", "dead_letter"] as const;

function* replyContradictions(reply: UncheckedNode): Iterable<Diagnostic> {
  const [fits, other] = FITS.filter((key) => reply.at(key).isPresent);
  if (fits === undefined) return yield reply.missingKey(`a reply is for one of ${FITS.join(", ")}: it is missing`);
  if (other !== undefined) {
    const message = `a reply is for one of ${FITS.join(", ")}, not for both`;
    return yield reply.at(other).contradiction(message, reply.at(fits), "the other", "key");
  }
  const states = reply.items("state");
  const any = states.find((state) => state.text() === "*");
  if (any && states.length > 1)
    yield diagnosticAt("RC010", any, '"*" can\'t be listed with other states: it already covers all');
}
