import { describe, expect, it } from "vitest";
import { type DomainBackends, withoutBackends } from "../../effects/backends.ts";
import { checkModule } from "../../app/host/check-module.ts";
import type { Module, ModuleBackend } from "../../app/host/module.ts";
import { OwnBackends, refusingBackends } from "../../app/host/own-backends.ts";

const shared: DomainBackends = {
  ...withoutBackends,
  opened: [{ name: "catalogue", check: async () => ({ version: "1" }) }],
};
const queueOf = (more: Partial<ModuleBackend> = {}) => {
  const calls: unknown[] = [];
  const queue: ModuleBackend = {
    open: (config) => {
      calls.push(["open", config]);
      return { sent: [] };
    },
    close: () => void calls.push("close"),
    ...more,
  };
  return { calls, module: moduleWith({ queue }) };
};
const moduleWith = (backends: Readonly<Record<string, unknown>>): Module => ({
  ...{ api: 1, name: "letters", backends },
  domains: [{ name: "letters", contracts: new URL("file:///letters/"), code: () => ({ messages: [] }) }],
});
const clientOf = (backends: object): unknown => (backends as { readonly queue?: unknown }).queue;

describe("a module's own backends", () => {
  it("are opened once for all domains of the process, when one of them is used", async () => {
    const { calls, module } = queueOf();
    const own = new OwnBackends(() => {});
    const [letters, stamps] = [1, 2].map(() => own.addTo(shared, module, { QUEUE_URL: "q" }));
    expect(calls).toEqual([]);
    expect(clientOf(letters!)).toBe(clientOf(stamps!));
    expect(calls).toEqual([["open", { QUEUE_URL: "q" }]]);
    expect(letters?.sql).toBe(shared.sql);
    await own.close();
    expect(calls.at(-1)).toBe("close");
  });

  it("are not closed when they were not opened, and one that can't be is told", async () => {
    const { calls, module } = queueOf({ close: () => Promise.reject(new Error("still busy")) });
    const failures: unknown[] = [];
    const own = new OwnBackends((error) => failures.push(error));
    const backends = own.addTo(shared, module, {});
    await own.close();
    expect([calls, failures]).toEqual([[], []]);
    clientOf(backends);
    await own.close();
    expect(failures).toEqual([new Error("still busy")]);
  });

  it("are asked whether they can be reached under the module's name, once they are used", async () => {
    let version: string | undefined = "7.2";
    const { module } = queueOf({ check: async () => version });
    const backends = new OwnBackends(() => {}).addTo(shared, module, {});
    expect(backends.opened.map(({ name }) => name)).toEqual(["catalogue"]);
    clientOf(backends);
    clientOf(backends);
    expect(backends.opened.map(({ name }) => name)).toEqual(["catalogue", "letters/queue"]);
    expect(await backends.opened[1]?.check()).toEqual({ version: "7.2" });
    version = undefined;
    expect(await backends.opened[1]?.check()).toEqual({ version: "reachable" });
  });

  it("are named when they can't be opened", () => {
    const { module } = queueOf({
      open: () => {
        throw new Error("no such host");
      },
    });
    const backends = new OwnBackends(() => {}).addTo(shared, module, {});
    expect(() => clientOf(backends)).toThrow("the backend letters/queue can't be opened: Error: no such host");
  });

  it("refuse every use where contracts are only checked", () => {
    const queue = clientOf(refusingBackends(queueOf().module)) as { send(text: string): void } & (() => void);
    expect(() => queue.send("a")).toThrow("the backend queue is used where there is none");
    expect(() => queue()).toThrow("the backend queue is used where there is none");
  });

  it.each([
    ["sql", { open: () => ({}) }, "backends.sql: is the name of a backend that there is already"],
    ["Queue", { open: () => ({}) }, "backends.Queue: must be 1 to 41 letters and digits"],
    ["queue", {}, "backends.queue.open: must be a function"],
  ])("are refused by name when %s is %j", (name, backend, problem) =>
    expect(() => checkModule(moduleWith({ [name]: backend }), "./letters.js")).toThrow(problem),
  );
});
