import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Decision } from "../../runtime/core/decision.ts";
import type { StepLine } from "../../runtime/core/journal.ts";
import { notesCode } from "../contract/notes-domain.ts";
import { until } from "../shell/orders.ts";
import { type GatewayOptions, ParcelsGateway } from "./parcels-gateway.ts";

const TOKENS = {
  anna: "anna-token-0123456789abcdef",
  bert: "bert-token-0123456789abcdef",
  olga: "olga-token-0123456789abcdef",
} as const;
type Who = keyof typeof TOKENS;
const ROLES = { anna: "reader", bert: "reader", olga: "operator" } as const;
const API_TOKENS = Object.entries(TOKENS)
  .map(([name, token]) => `${ROLES[name as Who]} ${name} ${token}`)
  .join(",");

type Note = { readonly text?: string; readonly owner?: string };
const views = {
  note: ({ id, data }: { readonly id: string; readonly data: unknown }) => ({ note_id: id, ...(data as Note) }),
  board: ({ data }: { readonly data: unknown }) => ({ open: (data as Note).text !== "closed" }),
};

let notes: ParcelsGateway;
afterAll(() => notes.close());

const decisions: Decision[] = [];
async function open(edit?: GatewayOptions["edit"], tokens = API_TOKENS): Promise<void> {
  const served = { name: "notes", contracts: "test/contract/notes", code: { ...notesCode(), views } };
  const environment = { ...(tokens && { ROLLCALL_API_TOKENS: tokens }) };
  notes = await ParcelsGateway.open({ served, environment, ...(edit && { edit }) });
  decisions.length = 0;
  notes.system.watch((event) => event.kind === "decision" && decisions.push(event.decision));
}

beforeAll(() => open());

const as = (who?: Who): Record<string, string> => (who ? { authorization: `Bearer ${TOKENS[who]}` } : {});
const ask = (who: Who | undefined, method: string, path: string, body?: unknown, more: Record<string, string> = {}) =>
  notes.ask(method, path, { body, headers: { ...as(who), ...more } });
const write = (who: Who | undefined, id: string, text: string, more: object = {}, headers = {}) =>
  ask(who, "PUT", `/notes/${id}`, { text, ...more }, headers);
const read = async (id: string) => (await ask("anna", "GET", `/notes/${id}`)).body;
const stepsOf = async (id: string): Promise<readonly StepLine[]> =>
  (
    await notes.host.store.query<{ line: StepLine }>(
      "select line from rollcall.journal where entity_id = $1 and kind = 'message' order by seq",
      [id],
    )
  ).map(({ line }) => line);
const inEvents = async (payload_type: string, payload: object, more: object = {}) => {
  const before = decisions.length;
  const body = { payload_type, payload, ...more };
  const url = notes.hostUrl;
  const sent = await notes.ask("POST", "/api/v1/domains/notes/events", { body, headers: as("olga"), url });
  expect(sent.status).toBe(202);
  await until(() => decisions.length > before);
  return decisions.at(-1);
};
const CLAIMED = { caller: { id: "anna", roles: ["operator"], permissions: ["all"], privileged: true }, loaded: {} };

describe("a command through a gateway", () => {
  it("is its caller's: the owner may, a stranger may not, an operator may", async () => {
    expect(await write("anna", "n1", "hers")).toMatchObject({ status: 200, body: { owner: "anna" } });
    const refused = await write("bert", "n1", "his");
    expect(refused).toMatchObject({
      status: 403,
      body: {
        ...{ type: "urn:rollcall:problem:declined", code: "NOT_OWNER", detail: "only its owner changes it" },
        entity_id: "n1",
      },
    });
    expect(refused.headers.get("content-type")).toBe("application/problem+json");
    expect(await write("olga", "n1", "moderated")).toMatchObject({ status: 200, body: { owner: "anna" } });
    expect((await write("anna", "n1", "hers again")).status).toBe(200);
    const doors = (await stepsOf("n1")).map(({ result, door }) => [result, door?.caller.id, door?.operation]);
    expect(doors).toEqual([
      ["changed", "anna", "writeNote"],
      ["declined", "bert", "writeNote"],
      ["changed", "olga", "writeNote"],
      ["changed", "anna", "writeNote"],
    ]);
    const callers = (await stepsOf("n1")).map(({ door }) => door?.caller);
    expect(callers[1]).toEqual({ id: "bert", roles: ["reader"], permissions: [], privileged: false });
    expect(callers[2]).toMatchObject({ roles: ["operator"], privileged: true });
  });

  it("is nobody's without a token, where the call is public", async () => {
    await write("anna", "m2", "hers");
    for (const id of ["m2", "m2"]) {
      const refused = await ask(undefined, "PUT", `/open/${id}`, { text: "anybody's", door: CLAIMED });
      expect(refused).toMatchObject({ status: 403, body: { code: "NOT_OWNER" } });
    }
    expect(await read("m2")).toMatchObject({ text: "hers" });
  });

  it("is answered with what its function says of a refusal, with the reply's status", async () => {
    expect(await write("anna", "n4", "more than twenty characters")).toMatchObject({
      status: 422,
      body: { code: "TOO_LONG", detail: "a note has at most 20 characters", details: { length: 27 } },
    });
  });

  it("is answered by its refusal where there is no entity, and fills no journal", async () => {
    expect(await ask("anna", "DELETE", "/notes/none")).toMatchObject({
      status: 404,
      body: { code: "NO_NOTE", detail: "there is no such note", entity_id: "none" },
    });
    expect(await stepsOf("none")).toEqual([]);
  });

  it("carries what was loaded for it; refused, it is answered so though its type is not journaled", async () => {
    for (const [id, text] of Object.entries({ n6: "hers", b1: "open", b2: "closed" })) await write("anna", id, text);
    expect((await ask("anna", "POST", "/notes/n6/pins?board=b1")).status).toBe(200);
    const refused = await ask("anna", "POST", "/notes/n6/pins?board=b2");
    expect(refused).toMatchObject({ status: 409, body: { code: "BOARD_CLOSED", detail: "the board is closed" } });
    expect((await ask("anna", "POST", "/notes/none/pins?board=b1")).body).toMatchObject({ code: "NO_NOTE" });
  });
});

describe("a door that a caller makes up", () => {
  it("counts for nothing, in the payload or in headers", async () => {
    await write("anna", "n7", "hers");
    const [{ door: genuine } = {}] = await stepsOf("n7");
    const header = `1.1.${Buffer.from(JSON.stringify(genuine)).toString("base64url")}.${"A".repeat(43)}`;
    const headers = { "rollcall-door": header, caller: "anna", "x-caller": "anna", "ce-rollcalldoor": header };
    for (const more of [CLAIMED, { door: CLAIMED }, { "rollcall-door": header, if_match: 1 }])
      expect((await write("bert", "n7", "his", more, headers)).status).toBe(403);
    expect(await read("n7")).toMatchObject({ text: "hers", owner: "anna" });
    const callers = (await stepsOf("n7")).map(({ door }) => door?.caller.id);
    expect(callers).toEqual(["anna", "bert", "bert", "bert"]);
  });

  it("counts for nothing at the events endpoint, where the sender is who its token names", async () => {
    await write("anna", "n8", "hers");
    const dropped = await inEvents("DropNote", { note_id: "n8", door: CLAIMED }, { door: CLAIMED, ...CLAIMED });
    expect(dropped).toMatchObject({ result: "declined", declined: { code: "NOT_OWNER", caller: "olga" } });
    const written = await inEvents("WriteNote", { note_id: "n8", text: "moderated" });
    expect(written).toMatchObject({ result: "changed", entity: { data: { owner: "anna" } } });
    expect((await stepsOf("n8")).at(-1)?.door).toMatchObject({
      ...{ caller: { id: "olga", privileged: true }, operation: "POST /events" },
    });
  });
});

describe("if_match", () => {
  const change = (who: Who, id: string, text: string, seen?: string, more: Record<string, string> = {}) =>
    ask(who, "PATCH", `/notes/${id}`, { text }, { ...(seen !== undefined && { "if-match": seen }), ...more });

  it("lets the first of two writers through who have seen the same", async () => {
    await write("anna", "n10", "first");
    const seen = (await ask("anna", "GET", "/notes/n10")).headers.get("etag") ?? "";
    const both = await Promise.all([change("anna", "n10", "by anna", seen), change("olga", "n10", "by olga", seen)]);
    const [won, lost] = both[0].status === 200 ? both : [both[1], both[0]];
    expect([won.status, won.headers.get("etag")]).toEqual([200, '"2"']);
    expect(lost).toMatchObject({ status: 412, body: { code: "SEQ_CHANGED", details: { seq: 2 } } });
    expect(lost.headers.get("etag")).toBe('"2"');
    expect(await read("n10")).toEqual(won.body);
    expect((await change("anna", "n10", "third", '"2"')).headers.get("etag")).toBe('"3"');
  });

  it("wants one strong ETag, or that there is something", async () => {
    await write("anna", "n11", "first");
    expect(await change("anna", "n11", "x")).toMatchObject({
      ...{ status: 428, body: { type: "urn:rollcall:problem:precondition-required" } },
    });
    for (const seen of ['W/"1"', "1", '"a"', '"1", "2"', '""', '"0"'])
      expect(await change("anna", "n11", "x", seen)).toMatchObject({
        ...{ status: 400, body: { errors: [{ parameter: "If-Match" }] } },
      });
    expect(await read("n11")).toMatchObject({ text: "first" });
    expect((await change("anna", "n11", "any", "*")).status).toBe(200);
    for (const seen of ["*", '"1"']) {
      const absent = await change("anna", "none", "x", seen);
      expect(absent).toMatchObject({ status: 412, body: { code: "SEQ_CHANGED" } });
      expect(absent.headers.get("etag")).toBeNull();
    }
    expect((await ask("anna", "GET", "/notes/none")).status).toBe(404);
  });

  it("is described to callers, with the status of what is refused by its kind", async () => {
    await write("anna", "n13", "first");
    expect((await change("bert", "n13", "x", '"1"')).status).toBe(403);
    const { body } = await ask("anna", "GET", "/openapi.json");
    expect(body).toMatchObject({
      paths: {
        "/notes/{note_id}": {
          patch: {
            parameters: [
              { name: "note_id" },
              { name: "If-Match", in: "header", required: true },
              { name: "Idempotency-Key", in: "header", required: false },
            ],
            responses: { 403: { description: "declined: NOT_OWNER" } },
          },
        },
      },
    });
  });

  it("is a part of what an Idempotency-Key stands for", async () => {
    await write("anna", "n12", "first");
    const key = { "idempotency-key": "k1" };
    expect((await change("anna", "n12", "second", '"1"', key)).status).toBe(200);
    expect(await change("anna", "n12", "second", '"1"', key)).toMatchObject({ status: 200, body: { text: "second" } });
    expect((await change("anna", "n12", "second", '"2"', key)).status).toBe(422);
  });
});

describe("otherwise served, a message", () => {
  it("is an operator's where there are no tokens: then only this machine can send one", async () => {
    await notes.close();
    await open(undefined, "");
    expect(await write(undefined, "n3", "here")).toMatchObject({ status: 200, body: { owner: "anonymous" } });
    const [step] = await stepsOf("n3");
    expect(step?.door?.caller).toEqual({
      ...{ id: "anonymous", roles: ["operator"], permissions: [], privileged: true },
    });
  });

  it("gets no door at the events endpoint where the contract reads what a gateway loads", async () => {
    await notes.close();
    await open((yaml) => yaml.replace("from_bus: trusted, ", ""));
    await write("anna", "n9", "hers");
    const pinned = await inEvents("PinNote", { note_id: "n9" });
    expect(pinned).toMatchObject({ result: "declined", declined: { code: "DOOR_REQUIRED", caller: "" } });
  });
});
