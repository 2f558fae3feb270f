import { didYouMean } from "../diagnostics/did-you-mean.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { parametersOf, parseRequestRef, routeKey } from "../language/route-pattern.ts";
import type { CallModel, DomainModel, GatewayModel, TextRef } from "../model/domain-model.ts";
import { childRef, diagnosticAt, type SourceRef, sourceRef } from "../reading/contract-source.ts";
import { checkBeginning, checkBeginningRows } from "./check-beginnings.ts";
import { checkFollowed } from "./check-followed.ts";
import { checkLinks } from "./check-links.ts";
import { checkList, checkParameters } from "./check-lists.ts";
import { checkReplies } from "./check-replies.ts";

/** What ROLLCALL_LISTENERS calls the host's own port. */
const HOST_PORT = "main";

/** What a domain's gateways say of themselves and of their own domain. */
export function* checkGateways(model: DomainModel): Iterable<Diagnostic> {
  yield* declaredTwice(model.gateways, []);
  yield* checkListeners(model.gateways, []);
  for (const gateway of model.gateways) {
    yield* checkLinks(gateway);
    for (const call of gateway.calls) {
      yield* checkRequestRefs(call);
      if (call.beginsWith) yield* checkBeginning(call, call.beginsWith);
      if (call.list) yield* checkParameters(call.list);
      yield* checkTargets(call, [model], model.set.domain);
    }
  }
}

/**
 * What a domain's gateways say of other domains of the process, and where they meet the gateways of those.
 * @param models of the process; those before this one are not to be met
 */
export function* checkForeignGateways(model: DomainModel, models: readonly DomainModel[]): Iterable<Diagnostic> {
  const before = models.slice(0, models.indexOf(model)).flatMap(({ gateways }) => gateways);
  yield* declaredTwice(model.gateways, before);
  yield* checkListeners(model.gateways, before);
  for (const { calls } of model.gateways) for (const call of calls) yield* checkTargets(call, models);
}

/** RC109: operations and routes that are there already. */
function* declaredTwice(gateways: readonly GatewayModel[], before: readonly GatewayModel[]): Iterable<Diagnostic> {
  const first = new Map<string, SourceRef>();
  const isSecond = (key: string, at: SourceRef): SourceRef | undefined => {
    const earlier = first.get(key);
    if (!earlier) first.set(key, at);
    return earlier;
  };
  for (const gateway of [...before, ...gateways]) {
    const isNew = gateways.includes(gateway);
    const { name } = gateway.listener;
    for (const call of gateway.calls) {
      const { operation, route, routeAt } = call;
      const met = [
        { at: operation.at, what: `the operation ${operation.text}`, earlier: isSecond(operation.text, operation.at) },
        {
          at: routeAt,
          what: `${route.method} ${route.path}`,
          earlier: isSecond(`${name} ${routeKey(route)}`, routeAt),
        },
      ];
      for (const { at, what, earlier } of met)
        if (earlier && isNew) {
          const related = [{ at: earlier, message: "declared here first" }];
          yield diagnosticAt("RC109", at, `${what} is declared twice`, { related });
        }
    }
  }
}

/** RC010: gateways of one listener say the same of it, and each listener has a port of its own. */
function* checkListeners(gateways: readonly GatewayModel[], before: readonly GatewayModel[]): Iterable<Diagnostic> {
  const first = new Map<string, GatewayModel>();
  const firstAt = new Map<number, GatewayModel>();
  for (const gateway of [...before, ...gateways]) {
    const { name, port } = gateway.listener;
    const [same, other] = [first.get(name), firstAt.get(port)];
    first.set(name, same ?? gateway);
    firstAt.set(port, other ?? gateway);
    if (!gateways.includes(gateway)) continue;
    const differ = (key: "port" | "networks" | "origins", earlier: GatewayModel, message: string): Diagnostic =>
      diagnosticAt("RC010", placeOf(gateway, key), message, {
        related: [{ at: placeOf(earlier, key), message: "here" }],
      });
    if (name === HOST_PORT)
      yield diagnosticAt(
        "RC010",
        childRef(gateway.at, "listener", "name"),
        `${name} is the host's own port: give the listener another name, and join it by ROLLCALL_LISTENERS`,
      );
    if (same)
      for (const key of ["port", "networks", "origins"] as const)
        if (textOf(same, key) !== textOf(gateway, key))
          yield differ(
            key,
            same,
            `the listener ${name} has ${key === "port" ? "another port" : `other ${key}`} elsewhere`,
          );
    if (other && other.listener.name !== name && !same)
      yield differ("port", other, `port ${port} is that of another listener`);
  }
}

const textOf = ({ listener }: GatewayModel, key: "port" | "networks" | "origins"): string =>
  String([listener[key] ?? []].flat().toSorted());

const placeOf = ({ at, listener }: GatewayModel, key: "port" | "networks" | "origins"): SourceRef =>
  listener[key] === undefined ? childRef(at, "listener") : childRef(at, "listener", key);

/** RC107: parts of the path that the route does not have. */
function* checkRequestRefs(call: CallModel): Iterable<Diagnostic> {
  const { route, entity, exists, loads, routeAt, followedEntity, share } = call;
  const parameters = parametersOf(route);
  const twice = parameters.find((name, index) => parameters.indexOf(name) !== index);
  if (twice !== undefined) yield diagnosticAt("RC109", routeAt, `{${twice}} stands twice in the route`);
  for (const { text, at } of [entity, exists, ...loads, followedEntity, share?.entity].flatMap(
    (each) => each?.ref ?? [],
  )) {
    const { of, name } = parseRequestRef(text);
    if (of !== "params" || parameters.includes(name)) continue;
    const suggestion = didYouMean(name, parameters);
    const related = [{ at: routeAt, message: "the route" }];
    yield diagnosticAt("RC107", at, `nothing fills ${text}: the route has no {${name}}`, {
      ...{ related, suggestion: suggestion && `params.${suggestion}` },
    });
  }
}

/**
 * RC101, and replies: what is named of domains.
 * @param only of this domain; undefined: of all but the call's own
 */
function* checkTargets(call: CallModel, models: readonly DomainModel[], only?: string): Iterable<Diagnostic> {
  const own = call.at.source;
  const isAsked = (name: string): boolean => (only === undefined ? !isOwnDomain(models, name, own) : name === only);
  const modelOf = (name: string): DomainModel | undefined => models.find(({ set }) => set.domain === name);
  const named = [call.domain, ...call.followed, ...[call.exists, ...call.loads].flatMap((each) => each?.domain ?? [])];
  for (const { text, at } of uniqueRefs(named))
    if (isAsked(text) && !modelOf(text)) {
      const known = models.map(({ set }) => set.domain);
      const suggestion = didYouMean(text, known);
      yield diagnosticAt("RC101", at, `no domain ${text} is served with this one: known are ${known.join(", ")}`, {
        suggestion,
      });
    }
  const target = modelOf(call.domain.text);
  if (target && isAsked(call.domain.text)) {
    yield* checkMessage(call, target);
    if (call.list) yield* checkList(call.list, target);
  }
  yield* checkFollowed(call, models, isAsked);
  const rowsOf = call.beginsWith && modelOf(call.beginsWith.domain.text);
  if (call.beginsWith && rowsOf && isAsked(rowsOf.set.domain)) yield* checkBeginningRows(call, call.beginsWith, rowsOf);
}

const isOwnDomain = (models: readonly DomainModel[], name: string, own: SourceRef["source"]): boolean =>
  models.some(({ set, gateways }) => set.domain === name && gateways.some(({ at }) => at.source === own));

const uniqueRefs = (refs: readonly TextRef[]): readonly TextRef[] => [
  ...new Map(refs.map((ref) => [ref.text, ref])).values(),
];

function* checkMessage(call: CallModel, target: DomainModel): Iterable<Diagnostic> {
  const { message } = call;
  if (!message) return;
  const consumed = target.consumed.map(({ written }) => written);
  if (!consumed.includes(message.text)) {
    const suggestion = didYouMean(message.text, consumed);
    yield diagnosticAt("RC101", message.at, `${target.set.domain} consumes no ${message.text}`, { suggestion });
    return;
  }
  yield* checkReplies(call, message, target);
}

/** The functions of the code that gateways name, and where the first gateway is. */
export function gatewayNames({ gateways, set }: DomainModel) {
  const calls = gateways.flatMap((gateway) => gateway.calls);
  const views = calls.flatMap(({ view, replies, loads }) => [
    ...(view ? [view] : []),
    ...replies.flatMap((reply) => reply.view ?? []),
    ...loads.map((load) => load.view),
  ]);
  const [first = set.orchestrator] = set.gateways;
  return {
    at: sourceRef(first, "name"),
    requests: calls.flatMap(({ payload }) => payload?.name ?? []),
    views: views.map(({ name }) => name),
    errors: gateways.flatMap(({ errors }) => errors?.name ?? []),
    calls: calls.flatMap(({ functions }) => functions.map(({ run }) => run.name)),
    rowViews: calls.flatMap(({ list, beginsWith }) => (list?.view ?? beginsWith?.view)?.name ?? []),
    shapes: calls.flatMap(({ list }) => list?.shape?.name ?? []),
  };
}
