import { expect, it } from "vitest";
import { shippedDiagnostics, shippedDomain } from "./shipped-domain.ts";

it("the shipped contracts and code name each other, without a diagnostic", () => {
  expect(shippedDiagnostics).toEqual([]);
  expect(shippedDomain.name).toBe("registration");
});
