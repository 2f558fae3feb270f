import { Registry } from "prom-client";
import { expect, it } from "vitest";
import type { System } from "../../app/host/compose.ts";
import { MetricsRegistry } from "../../app/http/metrics/instruments.ts";
import { createMetricsObserver } from "../../app/http/metrics/runtime-metrics.ts";
import { shippedDomain } from "../registration/shipped-domain.ts";

it("counts skipped types by name, of which there are at most 50, and then as other", async () => {
  const registry = new Registry();
  const system = { domain: shippedDomain, measures: [] as System["measures"] } as System;
  const observe = createMetricsObserver(new MetricsRegistry(registry).ofDomain("registration"), system);
  for (const round of [1, 2])
    for (let n = 0; n < 60; n++) observe({ kind: "skipped", partition: 0, topic: `t${round}`, type: `Type${n}` });
  const { values } = (await registry.getSingleMetric("rollcall_skipped_messages_total")?.get()) ?? { values: [] };
  expect(new Set(values.map(({ labels }) => labels["type"])).size).toBe(51);
  expect(values.filter(({ labels }) => labels["type"] === "other").map(({ value }) => value)).toEqual([10, 10]);
});
