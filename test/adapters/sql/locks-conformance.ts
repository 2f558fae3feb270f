import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Locks } from "../../../runtime/ports/locks.ts";

/** The suite of all `Locks`. */
export function describeLocks(name: string, open: () => Locks): void {
  describe(`${name}, as locks`, () => {
    let locks: Locks;
    beforeEach(() => void (locks = open()));
    afterEach(() => locks.close());

    it("gives free names, and keeps them", async () => {
      expect([...(await locks.hold(["a", "b"]))].sort()).toEqual(["a", "b"]);
      expect([...(await locks.hold(["a", "b", "c"]))].sort()).toEqual(["a", "b", "c"]);
    });

    it("gives names back to others when it is closed, which may be done again", async () => {
      await locks.hold(["a"]);
      await locks.close();
      await locks.close();
      const next = open();
      expect([...(await next.hold(["a"]))]).toEqual(["a"]);
      await next.close();
    });
  });
}
