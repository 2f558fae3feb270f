import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { acceptedType } from "../../app/http/gateway/accepted-type.ts";
import { FixedWindows } from "../../app/http/server/fixed-windows.ts";
import { parseRoute, routeKey } from "../../runtime/contract/language/route-pattern.ts";
import { type Door, NOBODY } from "../../runtime/core/door.ts";
import type { Entity } from "../../runtime/core/entity.ts";
import type { Message } from "../../runtime/core/message.ts";
import { step } from "../../runtime/core/step.ts";
import type { CallSpec, ReplySpec } from "../../runtime/core/gateway.ts";
import { declinedUnwritten, mayStayUnwritten } from "../../runtime/gateway/declined-unwritten.ts";
import { entityTag, readIfMatch } from "../../runtime/gateway/entity-tag.ts";
import { findSent, payloadByName } from "../../runtime/gateway/payload.ts";
import { chooseReply } from "../../runtime/gateway/replies.ts";
import { readRequestPath } from "../../runtime/gateway/request-path.ts";
import { RouteTable } from "../../runtime/gateway/route-table.ts";
import { notesDomain } from "../contract/notes-domain.ts";

const spec = (route: string): CallSpec => {
  const { method, segments, path } = parseRoute(route);
  return {
    ...{ operation: route, summary: undefined, gateway: "g", owner: "d", domain: "d", method, segments, path },
    ...{ access: "public", linkParameter: undefined, limit: undefined },
    does: { kind: "call", acts: false, functions: [] },
  };
};

describe("the table of routes", () => {
  const table = new RouteTable(
    [
      "GET /flows/{id}",
      "GET /flows/health",
      "PUT /flows/{id}",
      "GET /flows/{id}/{part}",
      "GET /{any}/x/y",
      "GET /",
    ].map(spec),
  );
  const found = (method: string, path: string) => {
    const match = table.match(method, readRequestPath(path) ?? []);
    return match && ("allow" in match ? match.allow : [match.call.operation, match.params]);
  };

  it("prefers the earlier text, and comes back from it where it leads nowhere", () => {
    expect(found("GET", "/flows/health")).toEqual(["GET /flows/health", {}]);
    expect(found("GET", "/flows/other")).toEqual(["GET /flows/{id}", { id: "other" }]);
    expect(found("PUT", "/flows/health")).toEqual(["PUT /flows/{id}", { id: "health" }]);
    expect(found("GET", "/flows/health/a")).toEqual(["GET /flows/{id}/{part}", { id: "health", part: "a" }]);
    expect(found("GET", "/flows/x/y")).toEqual(["GET /flows/{id}/{part}", { id: "x", part: "y" }]);
    expect(found("GET", "/other/x/y")).toEqual(["GET /{any}/x/y", { any: "other" }]);
    expect(found("GET", "/")).toEqual(["GET /", {}]);
  });

  it("has nothing for an empty segment, and names the methods of a path", () => {
    expect(found("GET", "/flows/")).toBeUndefined();
    expect(found("GET", "/flows")).toBeUndefined();
    expect(found("DELETE", "/flows/a")).toEqual(["HEAD", "GET", "PUT", "OPTIONS"]);
  });

  it("gives each path that a route is made of to that route, or to one with an earlier text", () => {
    const segment = fc.constantFrom("a", "b", "{x}", "{y}");
    const routes = fc.uniqueArray(
      fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => `GET /${parts.join("/")}`),
      { minLength: 1, maxLength: 12, selector: (route) => routeKey(parseRoute(route)) },
    );
    fc.assert(
      fc.property(routes, fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 4 }), (all, path) => {
        const fits = all.filter((route) => {
          const { segments } = parseRoute(route);
          return (
            segments.length === path.length &&
            segments.every((each, at) => !("literal" in each) || each.literal === path[at])
          );
        });
        // A text sorts before a placeholder.
        const rank = (route: string) =>
          parseRoute(route)
            .segments.map((each) => ("literal" in each ? "0" : "1"))
            .join("");
        const [best] = fits.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1));
        const match = new RouteTable(all.map(spec)).match("GET", path);
        expect(match && "call" in match ? match.call.operation : undefined).toBe(best);
      }),
    );
  });
});

describe("the path of a request", () => {
  it("is decoded once", () => {
    expect(readRequestPath("/a/b%20c?x=/../")).toEqual(["a", "b c"]);
    expect(readRequestPath("/a/%252F")).toEqual(["a", "%2F"]);
    expect(readRequestPath("/%F0%9F%93%A6")).toEqual(["\u{1F4E6}"]);
  });

  it.each([
    "",
    "a",
    "*",
    "http://x/a",
    "/a//b",
    "/a\\b",
    "/a%2Fb",
    "/a%5Cb",
    "/%2e%2e/a",
    "/../a",
    "/a/.",
    "/%",
    "/%ff",
    "/a%00",
    "/\u00e4",
  ])("is refused where two programs could read %j as two", (target) => expect(readRequestPath(target)).toBeUndefined());
});

describe("a reply", () => {
  const reply = (fits: ReplySpec["fits"]): ReplySpec => ({ fits, status: undefined, view: undefined });
  const event = reply({ event: "E" });
  const stored = reply({ states: ["S", null] });
  const any = reply({ states: undefined });
  const ended = reply({ refusal: "ENDED" });
  const letter = reply({ deadLetter: true });
  const all = [event, stored, any, ended, letter];
  const chosen = (...[outcome]: [Parameters<typeof chooseReply>[1]]) => chooseReply(all, outcome)?.reply;

  it("is the first that fits what became of the message", () => {
    expect(chooseReply(all, { kind: "step", events: ["D", "E"], state: "S" })).toEqual({ reply: event, event: "E" });
    expect(chosen({ kind: "step", events: [], state: "S" })).toBe(stored);
    expect(chosen({ kind: "step", events: [], state: null })).toBe(stored);
    expect(chosen({ kind: "step", events: [], state: "T" })).toBe(any);
    expect(chosen({ kind: "declined", code: "ENDED" })).toBe(ended);
    expect(chosen({ kind: "dead_letter" })).toBe(letter);
  });

  it("is none of a state where something happened, and none of another refusal", () => {
    expect(chosen({ kind: "step", events: ["D"], state: "S" })).toBeUndefined();
    expect(chosen({ kind: "declined", code: "NOT_OWNER" })).toBeUndefined();
  });
});

describe("a payload", () => {
  it("has all of the body, and what path and query have of the message; the path counts most", () => {
    const given = {
      body: { a: 1, id: "body", more: true },
      query: { a: "q", id: "query", x: "y" },
      params: { id: "path", z: "1" },
    };
    expect(payloadByName(given, new Set(["id", "a"]))).toEqual({ a: "q", id: "path", more: true });
  });

  it("is traced to where it was sent", () => {
    const sent = {
      body: { name: 5, deep: { list: ["a", "b"] }, twice: [7, 7] },
      query: { q: "1" },
      params: { id: "p" },
    };
    const payload = { id: "p", name: 5, q: "1", renamed: "b", seven: 7, own: "c" };
    const at = (...path: PropertyKey[]) => findSent(sent, payload, path);
    expect([at("id"), at("q"), at("name"), at("renamed"), at("seven"), at("own"), at("absent")]).toEqual([
      ...[{ parameter: "id" }, { parameter: "q" }, { pointer: "/name" }, { pointer: "/deep/list/1" }],
      ...[undefined, undefined, { pointer: "/absent" }],
    ]);
  });
});

describe("Accept", () => {
  const offered = ["application/json", "text/plain"];
  it.each([
    [undefined, "application/json"],
    ["*/*", "application/json"],
    ["text/plain", "text/plain"],
    ["text/*;q=0.5, application/json;q=0.4", "text/plain"],
    ["text/plain;q=0, */*", "application/json"],
    ["image/png", undefined],
  ])("%j prefers %j", (accept, type) => expect(acceptedType(accept, offered)).toBe(type));

  it("does not matter to a function that is for all", () => expect(acceptedType("image/png", [""])).toBe(""));
});

describe("fixed windows", () => {
  it("let so many through in each, for each key", () => {
    let nowMs = 0;
    const windows = new FixedWindows({ monotonicMs: () => nowMs });
    const take = (key = "a") => windows.take(key, { max: 2, windowMs: 10_000 });
    expect([take(), take(), take()]).toEqual([
      { isOver: false, remaining: 1, resetSeconds: 10 },
      { isOver: false, remaining: 0, resetSeconds: 10 },
      { isOver: true, remaining: 0, resetSeconds: 10 },
    ]);
    expect(take("b").isOver).toBe(false);
    nowMs = 9_999;
    expect(take()).toEqual({ isOver: true, remaining: 0, resetSeconds: 1 });
    nowMs = 10_000;
    expect(take()).toEqual({ isOver: false, remaining: 1, resetSeconds: 10 });
  });
});

describe("the ETag of an entity", () => {
  it("is read as it was given, and nothing else is", () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 1e14 }), (seq) => readIfMatch(entityTag(seq)) === seq));
    expect(readIfMatch(" * ")).toBe("*");
    for (const other of [
      "",
      "1",
      '"',
      '""',
      '"0"',
      '"01"',
      '"-1"',
      '"1e3"',
      'W/"1"',
      'w/"1"',
      '"1", "2"',
      '"1"*',
      "**",
    ])
      expect(readIfMatch(other), other).toBeUndefined();
    fc.assert(
      fc.property(fc.string(), (text) => {
        const seen = readIfMatch(text);
        expect(seen === undefined || seen === "*" || entityTag(seen) === text.trim()).toBe(true);
      }),
    );
  });
});

describe("a message of which the journal has nothing", () => {
  const domain = notesDomain();
  const door: Door = { caller: { ...NOBODY, id: "anna" }, loaded: {}, operation: "call" };
  const message = (type: string, more: Partial<Message> = {}): Message => ({
    ...{ kind: "bus", type, id: "m", entityId: "n1", correlationId: "m", now: 0, door },
    ...{ payload: { note_id: "n1", text: "hello" }, ...more },
  });
  const codeOf = (entity: Entity | undefined, of: Message) => declinedUnwritten(domain, entity, of)?.declined.code;
  const written = (): Entity => {
    const decision = step(domain, undefined, message("WriteNote"));
    if (!decision.entity) throw new Error(decision.reason);
    return decision.entity;
  };

  it("was declined as the contract declines it of an entity that is not there", () => {
    expect(codeOf(undefined, message("DropNote"))).toBe("NO_NOTE");
    expect(codeOf(undefined, message("WriteNote", { door: { ...door, if_match: 3 } }))).toBe("SEQ_CHANGED");
    expect(codeOf(undefined, message("PinNote"))).toBe("NO_NOTE");
  });

  it("had no door where something would have come of it", () =>
    expect(codeOf(undefined, message("WriteNote"))).toBe("DOOR_REQUIRED"));

  it("of an entity that is there was declined if its type is not journaled; others may be old", () => {
    const closed = { ...door, loaded: { board: { open: false } } };
    expect(codeOf(written(), message("PinNote", { door: closed }))).toBe("BOARD_CLOSED");
    expect(codeOf(written(), message("PinNote"))).toBeUndefined();
    const stranger = { ...door, caller: NOBODY };
    expect(codeOf(written(), message("WriteNote", { door: stranger }))).toBeUndefined();
  });

  it("is one that the contract may decline, or whose type is not journaled", () => {
    expect(mayStayUnwritten(domain, message("WriteNote"))).toBe(true);
    const plain = { ...domain, refusals: new Map(), doorRequired: new Set<string>() };
    expect(mayStayUnwritten(plain, message("WriteNote"))).toBe(false);
    expect(mayStayUnwritten(plain, message("WriteNote", { door: { ...door, if_match: 1 } }))).toBe(true);
    expect(mayStayUnwritten(plain, message("PinNote"))).toBe(true);
    expect(mayStayUnwritten({ ...plain, doorRequired: new Set(["WriteNote"]) }, message("WriteNote"))).toBe(true);
  });
});
