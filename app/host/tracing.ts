import {
  type Context,
  ProxyTracerProvider,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  type SpanOptions,
  SpanStatusCode,
  trace,
  type Tracer,
} from "@opentelemetry/api";
import { sharedTraceparent } from "../../runtime/core/trace.ts";
import type { Span, Tracing } from "../../runtime/shell/tracing.ts";
import { VERSION } from "../version.ts";

const INSTRUMENTATION_SCOPE = "rollcall";
/** What an SDK keeps of a span, unless it is told otherwise. */
const LINKS_MAX = 128;

/**
 * Spans by way of the SDK that the operator has installed (docs/guide/operate.md).
 * @param system the bus, in the words of OpenTelemetry's conventions for messaging
 * @returns undefined where none is: then nothing is traced, and nothing is spent on it
 */
export function installedTracing(system: string): Tracing | undefined {
  const provider = trace.getTracerProvider();
  const isInstalled =
    !(provider instanceof ProxyTracerProvider) || provider.getDelegateTracer(INSTRUMENTATION_SCOPE) !== undefined;
  return isInstalled ? createTracing(provider.getTracer(INSTRUMENTATION_SCOPE, VERSION), system) : undefined;
}

function createTracing(tracer: Tracer, system: string): Tracing {
  const startSpan = (name: string, options: SpanOptions, parent: Context): Span => {
    const span = tracer.startSpan(name, options, parent);
    return {
      traceparent: traceparentOf(span.spanContext()),
      end({ attributes = {}, links = [], error } = {}) {
        span.setAttributes(attributes);
        for (const link of links.slice(0, LINKS_MAX)) span.addLink({ context: contextOf(link) });
        if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: error });
        span.end();
      },
    };
  };
  return {
    message({ type, id, entityId, correlationId, origin, traceparent }) {
      const attributes = {
        "messaging.system": system,
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
      };
      return startSpan(
        `process ${origin?.topic ?? type}`,
        { kind: SpanKind.CONSUMER, attributes },
        childContext(traceparent),
      );
    },

    turn: () =>
      startSpan("turn", { kind: SpanKind.INTERNAL, attributes: { "messaging.system": system } }, ROOT_CONTEXT),

    publish({ topics, traceparents, messages }) {
      const [destination] = topics.length === 1 ? topics : [];
      const attributes = {
        "messaging.system": system,
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.batch.message_count": messages,
        ...(destination !== undefined && { "messaging.destination.name": destination }),
      };
      const name = destination === undefined ? "send" : `send ${destination}`;
      return startSpan(
        name,
        { kind: SpanKind.PRODUCER, attributes, ...linksTo(traceparents) },
        childContext(sharedTraceparent(traceparents)),
      );
    },

    effect({ intentType, backend, traceparents, intents }) {
      const attributes = {
        "rollcall.backend": backend,
        "rollcall.intent.type": intentType,
        "rollcall.intents": intents,
      };
      return startSpan(
        intentType,
        { kind: SpanKind.CLIENT, attributes, ...linksTo(traceparents) },
        childContext(sharedTraceparent(traceparents)),
      );
    },
  };
}

/** A batch of one trace is a part of it; of several traces it is one of its own. It is linked to each in any case. */
const linksTo = (traceparents: readonly (string | undefined)[]): Pick<SpanOptions, "links"> => ({
  links: [...new Set(traceparents)]
    .flatMap((each) => (each === undefined ? [] : [{ context: contextOf(each) }]))
    .slice(0, LINKS_MAX),
});

const childContext = (traceparent: string | undefined): Context =>
  traceparent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, contextOf(traceparent));

function contextOf(traceparent: string): SpanContext {
  const [, traceId = "", spanId = "", flags = "00"] = traceparent.split("-");
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
}

const traceparentOf = ({ traceId, spanId, traceFlags }: SpanContext): string =>
  `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`;
