import { describe, expect, it } from "vitest";
import type { Trouble } from "../../app/host/troubles/trouble.ts";
import { TroubleRecord } from "../../app/host/troubles/trouble-record.ts";

const trouble = (sinceMs: number, more: Partial<Trouble> = {}): Trouble => ({
  ...{ code: "BREAKER_OPEN", domain: "a", subject: "consul", partitions: [], sinceMs },
  ...{ title: "it is open", detail: "", remedy: "", blocks: "nothing" },
  ...more,
});

describe("the record of troubles", () => {
  const changesAt = (record: TroubleRecord, seconds: number, ...found: Trouble[]) =>
    record.update(found, seconds * 1_000).changes.map(({ kind, count, lastedMs }) => [kind, count, lastedMs / 1_000]);

  it("tells when one begins, once a minute while it lasts, and when it has ended", () => {
    const record = new TroubleRecord();
    const told = Array.from({ length: 140 }, (_, second) =>
      changesAt(record, second, ...(second < 125 ? [trouble(second * 1_000)] : [])),
    ).flat();
    expect(told).toEqual([
      ["began", 1, 0],
      ["lasts", 1, 60],
      ["lasts", 1, 120],
      ["ended", 1, 125],
    ]);
  });

  it("counts how often one begins that comes and goes, and keeps its first beginning", () => {
    const record = new TroubleRecord();
    expect(changesAt(record, 1, trouble(1_000))).toEqual([["began", 1, 0]]);
    expect(changesAt(record, 5)).toEqual([]);
    expect(record.update([trouble(9_000)], 9_000)).toMatchObject({ troubles: [{ sinceMs: 1_000 }], changes: [] });
    expect(changesAt(record, 11)).toEqual([]);
    expect(changesAt(record, 21)).toEqual([["ended", 2, 10]]);
    expect(changesAt(record, 22, trouble(22_000))).toEqual([["began", 1, 0]]);
  });

  it("keeps those of two domains and of two backends apart", () => {
    const record = new TroubleRecord();
    const found = [trouble(0), trouble(0, { domain: "b" }), trouble(0, { subject: "postgres" })];
    expect(record.update(found, 0).changes).toHaveLength(3);
    expect(record.update(found.slice(1), 1_000).troubles).toHaveLength(2);
  });
});
