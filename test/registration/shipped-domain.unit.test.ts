import { expect, it } from "vitest";
import { shippedDiagnostics, shippedDomain } from "./shipped-domain.ts";

it("the shipped contracts and the shipped code name each other, and nothing is wrong with them", () => {
  expect(shippedDiagnostics).toEqual([]);
  expect(shippedDomain.name).toBe("registration");
});
