import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { z } from "zod";
import type { Module, ModuleCode } from "../../app/host/module.ts";
import { testDomain } from "../../app/testing/index.ts";
import { reducer } from "../../runtime/core/reducer.ts";
import { toyModule } from "../host/toy-module.ts";

let folder: string;
let shop: Module;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "rollcall-stored-"));
  shop = toyModule("shop", folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The toy domain with other code. */
const withCode = (more: Partial<ModuleCode>): Module => ({
  ...shop,
  domains: shop.domains.map((domain) => ({ ...domain, code: (...given) => ({ ...domain.code(...given), ...more }) })),
});
const updatesWith = (note_amount: () => object) => {
  const { reducer: own } = shop.domains[0]?.code({} as never, {}) ?? {};
  return reducer(z.object({ amount: z.number().default(0) }), { note_amount } as never, own?.builders as never);
};

it("an entity of an earlier version is brought to this one's, and goes on from its state", () => {
  const upcast = ({ price, ...data }: Readonly<Record<string, unknown>>) =>
    price === undefined ? data : { ...data, amount: price };
  const domain = testDomain(withCode({ stateVersion: 2, upcast })).stored("o1", { state: "TOLD", data: { price: 7 } });
  expect(domain.entity("o1")).toMatchObject({ state: "TOLD", data: { amount: 7 } });
  const [decision] = domain.advance("2d");
  expect(decision).toMatchObject({ state: "ENDED" });
});

it.each([
  ["a state that there is not", { state: "TOLDD", data: {} }, /^no state TOLDD: known are .*did you mean TOLD\?/],
  [
    "a state of the reducer that there is not",
    { state: "TOLD", reducerState: "x", data: {} },
    /^no state of the reducer/,
  ],
  [
    "data that can't be read",
    { state: "TOLD", data: { amount: "much" } },
    /^the data of o1 can't be read .* \/amount: /,
  ],
])("%s is an error", (_, stored, message) => {
  expect(() => testDomain(shop).stored("o1", stored)).toThrow(message);
});

it("an upcast that changes what it has changed before is an error", () => {
  const upcast = ({ amount }: Readonly<Record<string, unknown>>) => ({ amount: Number(amount) * 2 });
  const module = withCode({ stateVersion: 2, upcast });
  expect(() => testDomain(module).stored("o1", { state: "TOLD", data: { amount: 1 } })).toThrow(
    /^o1: data.amount is 2, and would be read from the store as 4/,
  );
});

it("an update that returns other than would be read back is an error", () => {
  const module = withCode({ reducer: updatesWith(() => ({})) });
  expect(() => testDomain(module).when("PlaceOrder", { order_id: "o1", amount: 5 })).toThrow(
    /^o1: data.amount is missing, and would be read from the store as 0/,
  );
  const strict = withCode({ reducer: updatesWith(() => ({ amount: null })) });
  expect(() => testDomain(strict).when("PlaceOrder", { order_id: "o1", amount: 5 })).toThrow(/\/amount: /);
});
