import { expect, it } from "vitest";
import { Emitter } from "../../client/emitter.ts";

class Bell extends Emitter<{ readonly ring: [string]; readonly stop: [] }> {}

it("listeners are called in order, once or until they are removed", () => {
  const bell = new Bell();
  const heard: string[] = [];
  const first = (text: string): void => void heard.push(`first ${text}`);
  bell.on("ring", first).once("ring", (text) => heard.push(`once ${text}`));
  expect(bell.emit("ring", "a")).toBe(true);
  bell.on("ring", (text) => heard.push(`last ${text}`)).emit("ring", "b");
  bell.off("ring", first).off("ring", first).emit("ring", "c");
  expect(heard).toEqual(["first a", "once a", "first b", "last b", "last c"]);
  expect(bell.emit("stop")).toBe(false);
});

it("a listener that is added or removed during a call counts from the next one on", () => {
  const bell = new Bell();
  const heard: string[] = [];
  const late = (): void => void heard.push("late");
  bell.on("ring", () => {
    heard.push("early");
    bell.off("ring", late).on("stop", late);
  });
  bell.on("ring", late).emit("ring", "");
  bell.emit("ring", "");
  expect(heard).toEqual(["early", "late", "early"]);
});

it("the next event can be awaited, until a signal is aborted", async () => {
  const bell = new Bell();
  const next = bell.next("ring", AbortSignal.timeout(60_000));
  bell.emit("ring", "now");
  expect(await next).toEqual(["now"]);
  const leaving = new AbortController();
  const never = bell.next("ring", leaving.signal);
  leaving.abort(new Error("enough"));
  await expect(never).rejects.toThrow("enough");
  await expect(bell.next("ring", leaving.signal)).rejects.toThrow("enough");
  expect(bell.emit("ring", "nobody")).toBe(false);
});
