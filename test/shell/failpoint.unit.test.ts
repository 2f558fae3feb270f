import { describe, expect, it } from "vitest";
import { armFailpoint, noFailpoint } from "../../runtime/shell/failpoint.ts";

describe("a fail point", () => {
  it("does nothing when none is armed", () => {
    expect(armFailpoint(undefined, undefined)).toBe(noFailpoint);
    expect(armFailpoint("", "production")).toBe(noFailpoint);
  });

  it("can't be armed in production", () =>
    expect(() => armFailpoint("C5:exit", "production")).toThrow("can't be armed when NODE_ENV=production"));

  it.each([
    ["C5", "not of the form"],
    ["C5:", "not of the form"],
    ["C5:explode", "not of the form"],
    ["C5:exit:0", "not of the form"],
    ["C5:exit:1:2", "not of the form"],
    ["c5:exit", "not of the form"],
    ["C14:exit", "there is no C14"],
  ])("is not armed by %s", (armed, why) => expect(() => armFailpoint(armed, "test")).toThrow(why));

  it("does nothing at its earlier passes and at other points", () => {
    const failpoint = armFailpoint("C5:exit:3", undefined);
    for (const point of ["C5", "C1", "C5", "C6"] as const) failpoint(point);
  });
});
