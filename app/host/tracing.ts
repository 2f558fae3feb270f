import {
  type Attributes,
  type Context,
  ProxyTracerProvider,
  ROOT_CONTEXT,
  type Span as OpenTelemetrySpan,
  type SpanContext,
  SpanKind,
  type SpanOptions,
  SpanStatusCode,
  trace,
  type Tracer,
} from "@opentelemetry/api";
import { sharedTraceparent, traceparentIn } from "../../runtime/core/trace.ts";
import type { Span, Tracing } from "../../runtime/shell/tracing.ts";
import { VERSION } from "../version.ts";

const INSTRUMENTATION_SCOPE = "rollcall";
/** The default of SDKs: further links of a span would be dropped. */
const LINKS_MAX = 128;

/**
 * Spans of the OpenTelemetry SDK that the operator has installed (docs/guide/operate.md).
 * @param system the bus, by its name in OpenTelemetry's conventions for messaging
 * @param domain whose work it is; an attribute of each span
 * @returns undefined without an SDK: then tracing costs nothing
 */
export function installedTracing(system: string, domain: string): Tracing | undefined {
  const provider = trace.getTracerProvider();
  const isInstalled =
    !(provider instanceof ProxyTracerProvider) || provider.getDelegateTracer(INSTRUMENTATION_SCOPE) !== undefined;
  return isInstalled ? createTracing(provider.getTracer(INSTRUMENTATION_SCOPE, VERSION), system, domain) : undefined;
}

function createTracing(tracer: Tracer, system: string, domain: string): Tracing {
  const start = (name: string, options: SpanOptions, parent: Context = ROOT_CONTEXT): Span =>
    spanOf(tracer.startSpan(name, options, parent));
  /** A batch is linked to the trace of each message; it is a part of that trace only when there is just one. */
  const startBatch = (name: string, kind: SpanKind, attributes: Attributes, traceparents: Traceparents): Span => {
    const traces = [...new Set(traceparents)].filter((each) => each !== undefined);
    const links = traces.slice(0, LINKS_MAX).map((each) => ({ context: contextOf(each) }));
    return start(name, { kind, attributes, links }, childContext(sharedTraceparent(traceparents)));
  };
  const ofDomain = { "rollcall.domain": domain };
  const shared = { "messaging.system": system, ...ofDomain };
  return {
    message: (message) =>
      start(
        `process ${message.origin?.topic ?? message.type}`,
        { kind: SpanKind.CONSUMER, attributes: { ...shared, ...messageAttributes(message) } },
        childContext(message.traceparent),
      ),

    turn: () => start("turn", { kind: SpanKind.INTERNAL, attributes: shared }),

    publish(messages) {
      const traceparents = messages.map(({ headers }) => traceparentIn(headers));
      const topics = [...new Set(messages.map(({ topic }) => topic))];
      const [destination] = topics.length === 1 ? topics : [];
      const attributes = {
        ...shared,
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.batch.message_count": messages.length,
        ...(destination !== undefined && { "messaging.destination.name": destination }),
      };
      const name = destination === undefined ? "send" : `send ${destination}`;
      return startBatch(name, SpanKind.PRODUCER, attributes, traceparents);
    },

    effect({ intentType, backend }, intents) {
      const traceparents = intents.map(({ traceparent }) => traceparent);
      const attributes = {
        ...ofDomain,
        "rollcall.backend": backend,
        "rollcall.intent.type": intentType,
        "rollcall.intents": intents.length,
      };
      return startBatch(intentType, SpanKind.CLIENT, attributes, traceparents);
    },
  };
}

const spanOf = (span: OpenTelemetrySpan): Span => ({
  traceparent: traceparentOf(span.spanContext()),
  end({ attributes = {}, links = [], error } = {}) {
    span.setAttributes(attributes);
    for (const link of links.slice(0, LINKS_MAX)) span.addLink({ context: contextOf(link) });
    if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: error });
    span.end();
  },
});

type Traceparents = readonly (string | undefined)[];
type TracedMessage = Parameters<Tracing["message"]>[0];

const messageAttributes = ({ type, id, entityId, correlationId, origin }: TracedMessage): Attributes => ({
  "messaging.operation.name": "process",
  "messaging.operation.type": "process",
  ...(origin && {
    "messaging.destination.name": origin.topic,
    "messaging.destination.partition.id": String(origin.partition),
    "messaging.kafka.offset": origin.offset,
  }),
  "messaging.message.id": id,
  "messaging.message.conversation_id": correlationId,
  "rollcall.message.type": type,
  "rollcall.entity.id": entityId,
});

const childContext = (traceparent: string | undefined): Context =>
  traceparent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, contextOf(traceparent));

function contextOf(traceparent: string): SpanContext {
  const [, traceId = "", spanId = "", flags = "00"] = traceparent.split("-");
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
}

const traceparentOf = ({ traceId, spanId, traceFlags }: SpanContext): string =>
  `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`;
