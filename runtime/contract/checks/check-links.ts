import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { didYouMean } from "../diagnostics/did-you-mean.ts";
import { parametersOf, parseRequestRef } from "../language/route-pattern.ts";
import type { CallModel, GatewayModel, TextRef } from "../model/domain-model.ts";
import type { EntityRefModel, ShareModel } from "../model/read-gateways.ts";
import { childRef, diagnosticAt } from "../reading/contract-source.ts";

/** What a stream's cursor is sent in, where a header can't be. */
const CURSOR = "since";

/** RC010, RC101, RC107, RC109: links that open nothing, calls that no link opens, parameters that are two things. */
export function* checkLinks(gateway: GatewayModel): Iterable<Diagnostic> {
  const { calls } = gateway;
  for (const { share } of calls) for (const each of share?.opens ?? []) yield* checkOpened(each, share, gateway);
  for (const call of calls) if (call.linkParameter) yield* checkParameter(call, call.linkParameter);
  const opened = calls.flatMap(({ share }) => share?.opens.map(({ text }) => text) ?? []);
  // One that is not there may be meant for it.
  const isKnown = opened.every((text) => calls.some(({ operation }) => operation.text === text));
  for (const call of calls)
    if (call.row.identity && isKnown && entityOf(call) && !opened.includes(call.operation.text))
      yield diagnosticAt(
        "RC010",
        childRef(call.at, "identity"),
        `no link opens ${call.operation.text}: name it under opens`,
      );
  if (gateway.identity && !calls.some((call) => call.linkParameter))
    yield diagnosticAt("RC010", gateway.identity, "no call of the gateway shows or follows one entity");
}

function* checkOpened(
  { text, at }: TextRef,
  share: ShareModel | undefined,
  { name, calls }: GatewayModel,
): Iterable<Diagnostic> {
  const call = calls.find(({ operation }) => operation.text === text);
  if (!call) {
    const known = calls.map(({ operation }) => operation.text);
    return yield diagnosticAt("RC101", at, `${name.text} has no operation ${text}`, {
      suggestion: didYouMean(text, known),
    });
  }
  const related = [{ at: call.operation.at, message: "the call" }];
  if (!call.linkParameter)
    return yield diagnosticAt("RC010", at, `${text} takes no link: give it identity: { share: query.share }`, {
      related,
    });
  const entity = entityOf(call);
  if (entity && entity.domain.text !== share?.entity.domain.text)
    yield diagnosticAt("RC010", at, `${text} is about entities of ${entity.domain.text}`, { related });
  const own = entity && parseRequestRef(entity.ref.text).name;
  const other = parametersOf(call.route).find((parameter) => parameter !== own);
  if (other !== undefined)
    yield diagnosticAt("RC107", at, `nothing fills {${other}} of ${text} in a link: it has the entity alone`, {
      related,
    });
}

const entityOf = ({ entity, followedEntity }: CallModel): EntityRefModel | undefined => entity ?? followedEntity;

function* checkParameter(call: CallModel, { text, at }: TextRef): Iterable<Diagnostic> {
  const entity = entityOf(call);
  if (entity && parseRequestRef(entity.ref.text).of !== "params")
    yield diagnosticAt("RC010", entity.ref.at, `a link is for an entity that the path names: ${call.operation.text}`);
  const others = [...call.selected.map(({ parameter }) => parameter), ...(call.followedEntity ? [CURSOR] : [])];
  if (others.includes(text)) yield diagnosticAt("RC109", at, `the query parameter ${text} is declared twice`);
}
