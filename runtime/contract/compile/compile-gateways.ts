import type {
  BeginsWith,
  CallSpec,
  EntityRef,
  GatewaySpec,
  LimitSpec,
  ReplyFor,
  ReplySpec,
  ShareCall,
} from "../../core/gateway.ts";
import { compileList } from "./compile-lists.ts";
import { parseRequestRef } from "../language/route-pattern.ts";
import { GATEWAY_DEFAULTS } from "../language/schema-gateway.ts";
import { durationMs } from "../language/schema-parts.ts";
import type { CallModel, DomainModel, GatewayModel, ReplyModel } from "../model/domain-model.ts";
import type { NameRef } from "../model/model-parts.ts";
import type { BeginsWithModel, EntityRefModel, ShareModel } from "../model/read-gateways.ts";

type Code = DomainModel["code"];

/** A domain's gateways as they are served. @param model as the checks let it pass */
export const compileGateways = ({ gateways, set, code }: DomainModel): readonly GatewaySpec[] =>
  gateways.map((gateway) => compileGateway(gateway, set.domain, code));

function compileGateway(gateway: GatewayModel, domain: string, code: Code): GatewaySpec {
  const { name, port, origins = [], networks } = gateway.listener;
  return {
    ...{ name: gateway.name.text, description: gateway.description, domain, basePath: gateway.basePath },
    listener: { name, port, origins, networks },
    errors: functionOf(code.errors, gateway.errors),
    calls: gateway.calls.map((call) => ({
      ...{ operation: call.operation.text, summary: call.row.summary, gateway: gateway.name.text, owner: domain },
      ...{ domain: call.domain.text, method: call.route.method, segments: call.route.segments, path: call.route.path },
      access: call.access,
      linkParameter: call.linkParameter?.text,
      limit: compileLimit(call, domain),
      does: compileDeed(call, code, gateway),
    })),
  };
}

function compileLimit({ rateLimit, limitKey }: CallModel, domain: string): LimitSpec | "none" | undefined {
  if (rateLimit === undefined || rateLimit === "none") return rateLimit;
  const { max, window, per = GATEWAY_DEFAULTS.per, exempt = [] } = rateLimit;
  return { key: `${domain}/${limitKey}`, max, windowMs: msOf(window), per, exempt };
}

function compileDeed(call: CallModel, code: Code, gateway: GatewayModel): CallSpec["does"] {
  const { message, entity, list, followed, followedEntity, types, selected, row, share } = call;
  if (message) return compileMessage(call, message.text, code);
  if (entity)
    return {
      ...{ kind: "entity", entity: compileRef(entity), etag: row.etag ?? false },
      allEntities: row.all_entities ?? false,
      view: required(functionOf(code.views, call.view), "view"),
    };
  if (list)
    return compileList(list, {
      view: functionOf(code.rowViews, list.view),
      shape: functionOf(code.shapes, list.shape),
    });
  if (followed.length > 0)
    return {
      ...{ kind: "follows", domains: followed.map(({ text }) => text) },
      types: types.length === 0 ? undefined : types.map(({ text }) => text),
      entity: followedEntity && compileRef(followedEntity),
      fromFirst: row.follows?.from_first ?? false,
      beginsWith: call.beginsWith && compileBeginning(call.beginsWith, code),
      select: new Map(selected.map(({ parameter, fields }) => [parameter, fields.map(({ text }) => text)])),
      allEntities: row.all_entities ?? false,
    };
  if (share) return compileShare(share, gateway);
  return {
    ...{ kind: "call", acts: row.acts ?? false },
    functions: call.functions.map(({ mediaType, run }) => ({
      mediaType,
      run: required(functionOf(code.calls, run), "call function"),
    })),
  };
}

const compileBeginning = ({ projection, domain, view, parameter }: BeginsWithModel, code: Code): BeginsWith => ({
  ...{ projection: projection.text, domain: domain.text, parameter: parameter?.text },
  view: required(functionOf(code.rowViews, view), "row view"),
});

const compileShare = ({ entity, opens, expiresIn, atMost }: ShareModel, { calls }: GatewayModel): ShareCall => ({
  ...{ kind: "share", entity: compileRef(entity) },
  opens: opens.map(({ text }) => {
    const call = required(
      calls.find(({ operation }) => operation.text === text),
      text,
    );
    const parameter = required(call.linkParameter?.text, `link of ${text}`);
    return { operation: text, segments: call.route.segments, parameter };
  }),
  expiresInMs: Math.min(msOf(expiresIn), msOf(atMost)),
  atMostMs: msOf(atMost),
});

function compileMessage(call: CallModel, message: string, code: Code): CallSpec["does"] {
  const { exists, loads, until, replies, row } = call;
  const timeout = typeof row.wait === "object" ? row.wait.timeout : undefined;
  return {
    ...{ kind: "message", message },
    payload: functionOf(code.requests, call.payload),
    exists: exists && compileRef(exists),
    loads: loads.map((load) => ({
      ...{ ...compileRef(load), as: load.name },
      view: required(functionOf(code.views, load.view), "view"),
    })),
    ifMatch: row.if_match ?? false,
    wait:
      row.wait === "none"
        ? "none"
        : { until: until.map(({ text }) => text), timeoutMs: msOf(timeout ?? GATEWAY_DEFAULTS.timeout) },
    replies: replies.map((reply) => compileReply(reply, code)),
  };
}

const compileReply = (reply: ReplyModel, code: Code): ReplySpec => ({
  fits: replyFor(reply),
  status: reply.row.status,
  view: functionOf(code.views, reply.view),
});

function replyFor({ event, states, refusal }: ReplyModel): ReplyFor {
  if (event) return { event: event.text };
  if (refusal) return { refusal: refusal.text };
  if (!states) return { deadLetter: true };
  const named = states.map(({ state }) => state);
  return { states: named.includes("*") ? undefined : named };
}

const compileRef = ({ ref, domain, missing }: EntityRefModel): EntityRef => ({
  ...parseRequestRef(ref.text),
  ...{ domain: domain.text, missing },
});

const functionOf = <Entry>(
  code: Readonly<Record<string, Entry>> | undefined,
  ref: NameRef | undefined,
): Entry | undefined =>
  ref && code && Object.hasOwn(code, ref.written) ? required(code[ref.written], ref.written) : undefined;

const msOf = (text: string): number => required(durationMs(text), text);

function required<Value>(value: Value | undefined, what: string): Value {
  if (value === undefined) throw new Error(`there is no ${what}: compile only what was checked`);
  return value;
}
