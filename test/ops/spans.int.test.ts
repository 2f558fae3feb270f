import { SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { waitUntil } from "../real/services/wait-until.ts";
import { TRACE_ID, TracedSystem, traceIdOf, TRACEPARENT } from "./registration/traced-node.ts";

describe("with an OpenTelemetry SDK", () => {
  const exporter = new InMemorySpanExporter();
  let traced: TracedSystem;

  beforeAll(async () => {
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
    traced = await TracedSystem.open();
    await traced.say("NodeIntrospectionEvent", "spanned", TRACEPARENT);
    await traced.bench.until("spanned", "AWAITING_ACK");
    // A node may pass on the traceparent of its acceptance.
    const accepted = (await traced.events("spanned")).get("NodeRegistrationAccepted");
    await traced.say("NodeRegistrationAcked", "spanned", accepted);
    await traced.bench.until("spanned", "ACTIVE");
    // Both events of the ACK leave in one call.
    const told = async (name: string) => expect(spans(name)).not.toEqual([]);
    for (const name of ["send", "consul.set_status"])
      await waitUntil(() => told(name), { what: `the span ${name}`, timeoutMs: 30_000 });
  });
  afterAll(async () => {
    await traced.close();
    trace.disable();
  });

  const spans = (name: string | RegExp): readonly ReadableSpan[] =>
    exporter
      .getFinishedSpans()
      .filter((span) => (typeof name === "string" ? span.name === name : name.test(span.name)));
  const only = (name: string | RegExp): ReadableSpan => {
    const [found, ...more] = spans(name);
    expect(more, String(name)).toEqual([]);
    if (!found)
      throw new Error(
        `no span ${String(name)} among ${exporter
          .getFinishedSpans()
          .map((span) => span.name)
          .join(", ")}`,
      );
    return found;
  };
  const idOf = (span: ReadableSpan): string => span.spanContext().spanId;

  it("a registration is one trace, from the introspection to NodeBecameActive and the effects", async () => {
    for (const [type, traceparent] of await traced.events("spanned"))
      expect(traceIdOf(traceparent), type).toBe(TRACE_ID);
    const parts = exporter.getFinishedSpans().filter(({ name }) => name !== "turn");
    expect(new Set(parts.map((span) => span.spanContext().traceId))).toEqual(new Set([TRACE_ID]));
    expect(parts.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["consul.register", "postgres.upsert_registration", "consul.set_status"]),
    );
    expect(new Set(traced.written("spanned").map(traceIdOf))).toEqual(new Set([TRACE_ID]));
  });

  it("each span is a child of the one that caused it", () => {
    const introspection = only(/^process .*node-introspection/);
    expect(introspection.parentSpanContext?.spanId).toBe(TRACEPARENT.split("-")[2]);
    expect(introspection.kind).toBe(SpanKind.CONSUMER);
    expect(only("consul.register").parentSpanContext?.spanId).toBe(idOf(introspection));
    const accepted = only(/^send .*node-registration-accepted/);
    expect(accepted.parentSpanContext?.spanId).toBe(idOf(introspection));
    expect(accepted.kind).toBe(SpanKind.PRODUCER);
    expect(traced.written("spanned")[0]?.split("-")[2]).toBe(idOf(only("consul.register")));
  });

  it("a message's span follows OpenTelemetry's conventions for messaging", () => {
    expect(only(/^process .*node-introspection/).attributes).toMatchObject({
      "messaging.system": "rollcall",
      "messaging.operation.type": "process",
      "messaging.destination.name": "dev.onex.evt.node-introspection.v1",
      "messaging.message.id": expect.any(String),
      "rollcall.entity.id": "spanned",
      "rollcall.decision": "changed",
    });
  });

  it("a turn is linked to its messages", () => {
    const introspection = idOf(only(/^process .*node-introspection/));
    const links = spans("turn").flatMap((turn) => turn.links.map(({ context }) => context.spanId));
    expect(links).toContain(introspection);
  });

  it("the span of a failed effect has the error", async () => {
    traced.consulBreaks();
    await traced.say("NodeIntrospectionEvent", "unlucky");
    const failed = () => spans("consul.register").filter(({ status }) => status.code === SpanStatusCode.ERROR);
    await expect.poll(() => failed().length).toBeGreaterThan(0);
    expect(failed()[0]?.status.message).toMatch(/^UNAVAILABLE /);
    traced.consulAgrees();
    await traced.bench.until("unlucky", "AWAITING_ACK");
  });
});
