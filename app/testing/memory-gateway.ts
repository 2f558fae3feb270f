import { STATUS_CODES } from "node:http";
import type { z } from "zod";
import type { Domain } from "../../runtime/core/domain.ts";
import { type Caller, NOBODY } from "../../runtime/core/door.ts";
import { type Entity, newEntity } from "../../runtime/core/entity.ts";
import type {
  CommandRequest,
  ErrorsFunction,
  GatewayProblem,
  ShownEntity,
  ViewContext,
} from "../../runtime/core/gateway-code.ts";
import type { CallSpec, EntityCall, EntityRef, GatewaySpec, MessageCall } from "../../runtime/core/gateway.ts";
import { derivedId } from "../../runtime/core/ids.ts";
import type { Json } from "../../runtime/core/message.ts";
import { isAdmitted } from "../../runtime/gateway/call-access.ts";
import { payloadByName } from "../../runtime/gateway/payload.ts";
import { chooseReply, type Outcome, statusOfRefusal, statusOfReply } from "../../runtime/gateway/replies.ts";
import { shown } from "../../runtime/gateway/shown-entity.ts";
import type { Decision, SentMessage } from "./decision.ts";
import { unknownName } from "./known-names.ts";

/** What is asked of a gateway's call. */
export interface Asked {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Readonly<Record<string, Json>>;
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Default: an operator, as whoever asks where there are no tokens. Of one that is given the rest is nobody's, but the
   * role `operator` is privileged.
   */
  readonly caller?: Partial<Caller>;
  /** With `if_match: true`: the number of events that the caller has seen. */
  readonly ifMatch?: number;
}

/** The answer of a gateway's call. */
export interface Answered {
  readonly status: number;
  /** As the view makes it; a problem as the gateway's `errors` writes it; undefined: there is none. */
  readonly body: Json | undefined;
  /** What became of the message; undefined: none was sent. */
  readonly decision: Decision | undefined;
}

interface Memory {
  readonly domain: Domain;
  readonly now: number;
  entity(id: string): Entity | undefined;
  send(message: SentMessage): Decision;
}

const OPERATOR: Caller = { id: "anonymous", roles: ["operator"], permissions: [], privileged: true };

/** Asks calls of a domain's gateways: commands and single entities, with the contracts' own rules and functions. */
export class MemoryGateway {
  readonly #calls: ReadonlyMap<string, { readonly call: CallSpec; readonly errors: ErrorsFunction | undefined }>;
  readonly #memory: Memory;
  #asked = 0;

  constructor(gateways: readonly GatewaySpec[], memory: Memory) {
    this.#calls = new Map(
      gateways.flatMap(({ calls, errors }) => calls.map((call) => [call.operation, { call, errors }] as const)),
    );
    this.#memory = memory;
  }

  /** @throws Error for a call that there is not, or that wants a running system: lists, functions, streams */
  ask(operation: string, asked: Asked): Answered {
    const found = this.#calls.get(operation);
    if (!found) throw unknownName("call", operation, this.#calls.keys());
    const { status, body, decision } = this.#answerOf(found.call, asked);
    if (!(body instanceof Problem)) return { status, body, decision };
    const said = body.of(found.call.path);
    return { status, body: found.errors ? found.errors(said) : { ...said }, decision };
  }

  #answerOf(call: CallSpec, asked: Asked): Made {
    const { does, operation } = call;
    if (does.kind !== "message" && does.kind !== "entity")
      throw new Error(`${operation} is asked of a running system: here are commands and entities, and \`rows\``);
    const caller = asked.caller ? knownCaller(asked.caller) : OPERATOR;
    if (!isAdmitted(call.access, caller)) return problem(403, `it requires ${[call.access].flat().join(" or ")}`);
    const given = this.#requestOf(operation, asked, caller);
    try {
      return does.kind === "entity" ? this.#show(does, given) : this.#command(call, does, given, asked.ifMatch);
    } catch (error) {
      if (error instanceof Unanswered) return error.answer;
      throw error;
    }
  }

  #requestOf(operation: string, asked: Asked, caller: Caller): CommandRequest {
    const { params = {}, query = {}, body = {}, headers = {} } = asked;
    const request = `${operation} ${++this.#asked}`;
    let ids = 0;
    const newId = (): string => derivedId("test", this.#memory.domain.name, request, ++ids);
    return { params, query, body, headers, caller, loaded: {}, newId };
  }

  #show({ entity: ref, view }: EntityCall, given: CommandRequest): Made {
    const body = view(this.#require(ref, given), this.#context(given, undefined));
    if (body === null || body === undefined) throw missing(ref);
    return { status: 200, body, decision: undefined };
  }

  #command(call: CallSpec, does: MessageCall, given: CommandRequest, ifMatch: number | undefined): Made {
    const { domain } = this.#memory;
    const consumed = domain.consumed.find(({ type }) => type === does.message);
    if (!consumed) throw new Error(`${call.operation} sends ${does.message} to ${call.domain}: test it there`);
    const request = { ...given, ...checked(does.payload, given) };
    if (does.exists) this.#require(does.exists, request);
    const loads = does.loads.map(
      (load) => [load.as, load.view(this.#require(load, request), this.#context(given, undefined))] as const,
    );
    const seen = does.ifMatch ? { if_match: ifMatch } : {};
    if (does.ifMatch && ifMatch === undefined) throw new Unanswered(problem(428, "ifMatch is missing"));
    const loaded = Object.fromEntries(loads);
    const payload = does.payload?.({ ...request, loaded }) ?? payloadByName(request, fieldsOf(consumed.message.shape));
    refuseIssues(consumed.message.schema.safeParse(payload).error);
    const decision = this.#memory.send({
      ...{ type: does.message, payload },
      door: { caller: given.caller, loaded, operation: call.operation, ...seen },
    });
    return this.#answer(does, given, decision);
  }

  #answer({ replies, wait }: MessageCall, given: CommandRequest, decision: Decision): Made {
    if (wait === "none") return { status: 202, body: undefined, decision };
    const outcome = outcomeOf(decision);
    const chosen = chooseReply(replies, outcome);
    const kind = decision.declined?.kind;
    if (chosen) {
      const { reply, event } = chosen;
      const status = statusOfReply(reply, kind);
      const view = reply.view?.(this.#shown(decision.entityId), this.#context(given, eventOf(decision, event)));
      return { ...(reply.view || status < 400 ? { status, body: view } : this.#problem(status, decision)), decision };
    }
    if (kind) return this.#problem(statusOfRefusal(kind), decision);
    if (outcome.kind !== "step") return this.#problem(500, decision);
    // As when the time is over: nobody has answered yet.
    if (wait.until.length > 0) return { status: 504, body: undefined, decision };
    return outcome.events.length > 0 ? { status: 202, body: undefined, decision } : this.#problem(409, decision);
  }

  #problem(status: number, decision: Decision): Made {
    const { declined, deadLetter, reason } = decision;
    const said = declined && this.#memory.domain.refusals.get(declined.code)?.message;
    return { ...problem(status, said ?? reason, declined?.code ?? deadLetter), decision };
  }

  #context({ caller }: CommandRequest, event: ViewContext["event"]): ViewContext {
    return { event, caller, now: this.#memory.now };
  }

  #shown(id: string): ShownEntity {
    const { domain } = this.#memory;
    return shown(domain, this.#memory.entity(id) ?? newEntity(domain, { entityId: id, now: 0 }), null);
  }

  /** @throws Unanswered 404 */
  #require(ref: EntityRef, { params, query, caller }: CommandRequest): ShownEntity {
    const { domain } = this.#memory;
    if (ref.domain !== domain.name)
      throw new Error(`it reads ${ref.domain}, and ${domain.name} alone is here: ask a running system`);
    const id = ref.of === "caller" ? caller.id : (ref.of === "params" ? params : query)[ref.name];
    const entity = id === undefined ? undefined : this.#memory.entity(id);
    if (!entity || entity.state === null) throw missing(ref);
    return shown(domain, entity, null);
  }
}

/** As by a token: operators are privileged. */
const knownCaller = (caller: Partial<Caller>): Caller => ({
  ...NOBODY,
  privileged: caller.roles?.includes("operator") ?? false,
  ...caller,
});

/** An answer that ends it. */
class Unanswered extends Error {
  constructor(readonly answer: Made) {
    super("answered");
  }
}

/** What is wrong, before a gateway's `errors` has written it. */
class Problem {
  constructor(
    readonly status: number,
    readonly detail: string,
    readonly code: string | undefined,
  ) {}

  of(instance: string): GatewayProblem {
    const { status, detail, code } = this;
    const title = STATUS_CODES[status] ?? "";
    const said = { type: "about:blank", title, status, detail, instance, errors: [], requestId: "test" };
    return code === undefined ? said : { ...said, code };
  }
}

type Made = Omit<Answered, "body"> & { readonly body: Json | Problem | undefined };

const problem = (status: number, detail: string, code?: string): Made => ({
  ...{ status, decision: undefined },
  body: new Problem(status, detail, code),
});
const missing = ({ missing: code }: EntityRef): Unanswered => new Unanswered(problem(404, "it is not there", code));
const fieldsOf = (shape: object): ReadonlySet<string> => new Set(Object.keys(shape));

function checked(
  shapes: MessageCall["payload"],
  { body, query }: CommandRequest,
): Pick<CommandRequest, "body" | "query"> {
  const parsed = { body: shapes?.body?.safeParse(body), query: shapes?.query?.safeParse(query) };
  refuseIssues(parsed.body?.error ?? parsed.query?.error);
  return {
    body: (parsed.body?.data ?? body) as CommandRequest["body"],
    query: (parsed.query?.data ?? query) as CommandRequest["query"],
  };
}

function refuseIssues(error: z.ZodError | undefined): void {
  if (!error) return;
  const parts = error.issues.map(({ path, message }) => `${path.map(String).join(".")}: ${message}`);
  throw new Unanswered(problem(400, parts.join("; "), "INVALID_PAYLOAD"));
}

function outcomeOf({ result, declined, events, state }: Decision): Outcome {
  if (result === "refused") return { kind: "dead_letter" };
  if (declined) return { kind: "declined", code: declined.code };
  return { kind: "step", events: events.map(({ type }) => type), state };
}

const eventOf = ({ events }: Decision, type: string | undefined): ViewContext["event"] => {
  const found = events.find((event) => event.type === type);
  return found && { type: found.type, payload: found.payload };
};
