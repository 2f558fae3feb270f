import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Notices } from "../../../runtime/ports/notices.ts";

/** The suite of all `Notices`. */
export function describeNotices(name: string, open: () => Notices): void {
  describe(`${name}, as notices`, () => {
    let notices: Notices;
    let heard: string[];
    beforeEach(() => {
      notices = open();
      heard = [];
    });
    afterEach(() => notices.close());
    const listen = (by = ""): (() => void) =>
      notices.listen((domain, ends) => heard.push(`${by}${domain} ${JSON.stringify([...ends])}`));

    it("are heard at once in the process that tells them, by all who listen", () => {
      listen("a ");
      listen("b ");
      notices.tell("orders", new Map([[3, 12]]));
      expect(heard).toEqual(["a orders [[3,12]]", "b orders [[3,12]]"]);
    });

    it("are not heard by those who listen no more", () => {
      listen("a ")();
      listen("b ");
      notices.tell("orders", new Map([[0, 1]]));
      expect(heard).toEqual(["b orders [[0,1]]"]);
    });

    it("count as heard from the start on", () => {
      expect(notices.status).toEqual({ isHeard: true, unheardForMs: 0, reason: null });
    });

    it("are told to nobody once they are closed, which may be done again", async () => {
      listen();
      await notices.close();
      await notices.close();
      notices.tell("orders", new Map([[0, 1]]));
      expect(heard).toEqual([]);
    });
  });
}
