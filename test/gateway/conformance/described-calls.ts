import { declaredDomains } from "../../../app/host/declared-domains.ts";
import type { Module } from "../../../app/host/module.ts";
import { validateDomain } from "../../../runtime/contract/checks/validate.ts";
import { compileGateways } from "../../../runtime/contract/compile/compile-gateways.ts";
import { compileProjections } from "../../../runtime/contract/compile/compile-projections.ts";
import { formatDiagnostics } from "../../../runtime/contract/diagnostics/format-diagnostics.ts";
import { type JsonSchema, payloadSchema, shapeSchema } from "../../../runtime/contract/documents/payload-schema.ts";
import type { CallSpec, GatewaySpec } from "../../../runtime/core/gateway.ts";
import type { ProjectionSpec } from "../../../runtime/core/projection.ts";

/** What a call is asked with. */
export interface Sample {
  readonly params?: Readonly<Record<string, string>>;
  /** Without the `?`. */
  readonly query?: string;
  readonly body?: object;
}

/** A module behind a listener of its own, and what its contract can't say: requests that are taken. */
export interface Conforming {
  readonly module: Module;
  readonly listener: string;
  /** In an order in which each is taken. The first of an operation is the one that tests vary. */
  readonly requests: readonly (readonly [operation: string, sample: Sample])[];
  /** One that leads to an event of each stream, another one for each number. */
  readonly event: (number: number) => readonly [operation: string, sample: Sample];
}

export interface DescribedCall {
  readonly operation: string;
  readonly call: CallSpec;
  readonly gateway: GatewaySpec;
  readonly sample: Sample;
  /** What the shape of its body is, where its contract or its message says it. */
  readonly bodySchema: JsonSchema | undefined;
  /** Of a message: not one of the many of which the journal has nothing, and which count again when they come again. */
  readonly isJournaled: boolean;
  /** Of a list. */
  readonly projection: ProjectionSpec | undefined;
}

/** The calls that the module's contracts have at the listener. */
export function describedCalls({ module, listener, requests }: Conforming): readonly DescribedCall[] {
  const models = declaredDomains([module]).map(({ directory, code }) => {
    const { model, diagnostics } = validateDomain(directory, code);
    if (!model) throw new Error(formatDiagnostics(diagnostics, "text"));
    return model;
  });
  const messages = models.flatMap(({ code }) => code.messages);
  const projections = models.flatMap(compileProjections);
  const unjournaled = models.flatMap(({ consumed }) =>
    consumed.flatMap(({ journal, written }) => (journal ? [] : written)),
  );
  const samples = new Map([...requests].reverse());
  const bodySchemaOf = ({ does }: CallSpec): JsonSchema | undefined => {
    if (does.kind !== "message") return undefined;
    const message = messages.find(({ messageType }) => messageType === does.message);
    if (does.payload) return does.payload.body && shapeSchema(does.payload.body);
    return message && payloadSchema(message, "draft-2020-12");
  };
  return models
    .flatMap(compileGateways)
    .filter((gateway) => gateway.listener.name === listener)
    .flatMap((gateway) =>
      gateway.calls.map((call) => ({
        ...{ operation: call.operation, call, gateway, bodySchema: bodySchemaOf(call) },
        isJournaled: call.does.kind === "message" && !unjournaled.includes(call.does.message),
        sample: samples.get(call.operation) ?? {},
        projection: projections.find(
          ({ domain, name }) =>
            call.does.kind === "projection" && domain === call.domain && name === call.does.projection,
        ),
      })),
    );
}

/** A request as it is sent. */
export interface Sent {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Buffer | undefined;
}

/** A request of the call. Where it says what it has seen, it has seen that there is one. */
export function requestOf({ does, method, segments }: CallSpec, { params = {}, query = "", body }: Sample): Sent {
  const path = segments.map((each) =>
    "literal" in each ? each.literal : encodeURIComponent(params[each.parameter] ?? ""),
  );
  return {
    method,
    target: `/${path.join("/")}${query && `?${query}`}`,
    headers: {
      ...(body !== undefined && { "content-type": "application/json" }),
      ...(does.kind === "message" && does.ifMatch && { "if-match": "*" }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  };
}

export const withQuery = (sent: Sent, query: string): Sent => ({
  ...{ ...sent, target: sent.target + (sent.target.includes("?") ? "&" : "?") + query },
});
