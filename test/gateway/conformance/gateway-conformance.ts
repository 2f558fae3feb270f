import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { MessageCall } from "../../../runtime/core/gateway.ts";
import type { JsonSchema } from "../../../runtime/contract/documents/payload-schema.ts";
import { FollowedStream } from "../followed-stream.ts";
import { type Conforming, type DescribedCall, describedCalls, requestOf, type Sent } from "./described-calls.ts";
import { ConformingServer, type Reply } from "./conforming-server.ts";
import { describeLists } from "./list-conformance.ts";
import { refusalsOf } from "./refusals.ts";

/** What holds for every gateway, of each of its calls as its contract has it. */
export function describeGateway(name: string, subject: Conforming): void {
  const described = describedCalls(subject);
  const calls = described.map(({ call }) => call);
  const known = new Map(described.map((each) => [each.operation, each]));
  const of = (...kinds: readonly string[]) => described.filter(({ call }) => kinds.includes(call.does.kind));

  describe(name, () => {
    let server: ConformingServer;
    /** To the first request of each operation. */
    const answers = new Map<string, Reply>();
    const open: FollowedStream[] = [];
    beforeAll(async () => {
      server = await ConformingServer.open(subject);
      for (const [operation, sample] of subject.requests) {
        const { call } = known.get(operation) as DescribedCall;
        // It has no end.
        if (call.does.kind === "follows") continue;
        const reply = await server.send(requestOf(call, sample));
        if (!answers.has(operation)) answers.set(operation, reply);
      }
      await server.settled();
    });
    afterAll(() => server.close());

    it("is described by OpenAPI, all of it and nothing else, without a reference to nothing", () => {
      expect(server.operations.toSorted()).toEqual([...known.keys()].toSorted());
      expect(server.brokenReferences).toEqual([]);
    });

    describe.each(described)("$operation", (each) => {
      const { call, sample, operation } = each;
      if (call.does.kind !== "follows")
        it("is answered as OpenAPI says", async () => {
          const reply = answers.get(operation) ?? (await server.send(requestOf(call, sample)));
          await server.settled();
          expect(inShort(reply)).toMatch(TAKEN);
          server.assertDescribed(each, reply);
          expect(server.untold(call)).toEqual([]);
          const inPath = [...call.path.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter);
          const described = server.operationOf(call).parameters.filter((parameter) => parameter.in === "path");
          expect(described.map((parameter) => parameter.name)).toEqual(inPath);
        });

      it.each(refusalsOf(each, calls))("refuses $what, and changes nothing", async (refusal) => {
        const before = await server.stored();
        const reply = await server.send(refusal.sent, refusal.as);
        server.assertRefused(each, refusal, reply);
        if (!refusal.isElsewhere) server.assertDescribed(each, reply);
        expect(await server.stored()).toEqual(before);
      });
    });

    describe("an Idempotency-Key", () => {
      const keyed = (sent: Sent, { operation }: { readonly operation: string }): Sent => ({
        ...sent,
        headers: { ...sent.headers, "idempotency-key": `conformance-${operation}` },
      });

      it.each(of("message").filter(({ isJournaled }) => isJournaled))("makes $operation one message", async (each) => {
        const { call, sample } = each;
        const { message } = call.does as MessageCall;
        const before = server.decisionsOn(message);
        const first = await server.send(keyed(requestOf(call, sample), each));
        await server.settled();
        const decided = server.decisionsOn(message) - before;
        const again = await server.send(keyed(requestOf(call, sample), each));
        await server.settled();
        expect([again.status, again.body]).toEqual([first.status, first.body]);
        expect(server.decisionsOn(message) - before).toBe(decided);
        expect(decided).toBeGreaterThan(0);
        server.assertDescribed(each, again);
      });

      it.each(of("message").filter(otherBody))("is refused for another request of $operation", async (each) => {
        const { call, sample } = each;
        await server.send(keyed(requestOf(call, sample), each));
        await server.settled();
        const before = await server.stored();
        const sent = keyed(requestOf(call, { ...sample, body: otherBody(each) ?? {} }), each);
        const place = { parameter: "Idempotency-Key" };
        server.assertRefused(each, { kind: "key-reused", place, sent }, await server.send(sent));
        expect(await server.stored()).toEqual(before);
      });
    });

    describe.each(of("message").filter(({ call }) => (call.does as MessageCall).ifMatch))("$operation", (each) => {
      const send = (tag: string): Promise<Reply> => {
        const sent = requestOf(each.call, each.sample);
        return server.send({ ...sent, headers: { ...sent.headers, "if-match": tag } });
      };

      it("is taken by whoever has seen what there is, and by nobody else", async () => {
        const { etag = "" } = (await send("*")).headers;
        expect(etag).toMatch(/^"\d+"$/);
        const other = await send('"999999"');
        expect(other).toMatchObject({ status: 412, body: { code: "SEQ_CHANGED" }, headers: { etag } });
        const taken = await send(etag);
        expect(inShort(taken)).toMatch(TAKEN);
        expect((await send(etag)).status).toBe(taken.headers.etag === etag ? taken.status : 412);
      });
    });

    const tagged = of("entity").filter(({ call }) => call.does.kind === "entity" && call.does.etag);
    describe.each(tagged)("$operation", (each) => {
      const get = (method: string, tag?: string): Promise<Reply> => {
        const sent = requestOf(each.call, each.sample);
        return server.send({ ...sent, method, headers: tag === undefined ? {} : { "if-none-match": tag } });
      };

      it("is not sent again to whoever has seen it", async () => {
        const { etag = "" } = (await get("GET")).headers;
        expect(etag).toMatch(/^"\d+"$/);
        for (const tag of [etag, `W/${etag}`, `"0", ${etag}`, "*"]) {
          const unchanged = await get("GET", tag);
          expect([unchanged.status, unchanged.headers.etag, unchanged.text]).toEqual([304, etag, ""]);
          server.assertDescribed(each, unchanged);
        }
        expect((await get("GET", '"0"')).status).toBe(200);
        const head = await get("HEAD");
        expect([head.status, head.headers.etag, head.text]).toEqual([200, etag, ""]);
      });
    });

    describeLists(of("projection"), () => server);

    describe.each(of("follows"))("$operation", ({ call, sample }) => {
      const { target } = requestOf(call, sample);
      const follow = (query = "", headers = {}): Promise<FollowedStream> =>
        FollowedStream.open((signal) => server.follow(target + query, headers, signal));
      let events = 0;
      const cause = async (): Promise<void> => {
        const [operation, given] = subject.event(++events);
        const reply = await server.send(requestOf((known.get(operation) as DescribedCall).call, given));
        expect(inShort(reply)).toMatch(TAKEN);
        await server.settled();
      };

      it("begins, and goes on behind what was read", async () => {
        const first = await follow();
        for (let times = 0; times < 3; times++) await cause();
        await expect.poll(() => first.frames.length).toBeGreaterThanOrEqual(3);
        first.close();
        const read = first.frames.length;
        await cause();
        const { id = "" } = first.frames[0] ?? {};
        const streams = [await follow("", { "last-event-id": id }), await follow(`?since=${encodeURIComponent(id)}`)];
        await cause();
        for (const stream of streams) {
          await expect.poll(() => stream.frames.length).toBeGreaterThanOrEqual(read + 1);
          const seen = stream.frames.map(({ data }) => data["envelope_id"]);
          const before = first.frames.slice(1).map(({ data }) => data["envelope_id"]);
          expect(new Set(seen).size).toBe(seen.length);
          expect(seen).toEqual(expect.arrayContaining(before));
          expect(seen).not.toContain(first.frames[0]?.data["envelope_id"]);
        }
        open.push(...streams);
      });

      const begins = call.does.kind === "follows" ? call.does.beginsWith : undefined;
      if (begins)
        it("tells first what there is, when it is asked for, and never to whoever knows it", async () => {
          const query = begins.parameter === undefined ? "" : `?${begins.parameter}=true`;
          const rows = ({ events }: FollowedStream): number => events.filter((name) => name === "row").length;
          await cause();
          const first = await follow(query);
          await expect.poll(() => first.events).toContain("snapshot_end");
          expect(first.events[0]).toBe("snapshot");
          expect(rows(first)).toBeGreaterThan(0);
          const [end] = first.frames.filter(({ data }) => "rows" in data);
          expect(end?.data).toEqual({ rows: rows(first) });
          const before = first.frames.slice(0, rows(first) + 1);
          expect(new Set(before.map(({ id }) => id))).toEqual(new Set(["snapshot"]));
          const knowing = await follow(query, { "last-event-id": end?.id ?? "" });
          const cut = await follow(query, { "last-event-id": "snapshot" });
          await cause();
          await expect.poll(() => knowing.events.length).toBe(1);
          await expect.poll(() => cut.events).toContain("snapshot_end");
          expect(rows(cut)).toBeGreaterThanOrEqual(rows(first));
          expect(knowing.events).not.toContain("snapshot");
          if (begins.parameter !== undefined) {
            const asked = await server.follow(
              `${target}?${begins.parameter}=perhaps`,
              {},
              new AbortController().signal,
            );
            expect(asked.status).toBe(400);
          }
          open.push(first, knowing, cut);
        });
    });

    it("ends its streams with the reason when the process stops", async () => {
      await server.stopGateways();
      for (const stream of open) {
        await expect.poll(() => stream.ended).toBe(true);
        expect(stream.frames.at(-1)?.data).toMatchObject({ code: "STOPPING" });
      }
    });
  });
}

const TAKEN = /^[23]\d\d /;
const inShort = ({ status, text }: Reply): string => `${status} ${text.slice(0, 500)}`;

/** A body of the same shape that says something else; undefined: none is known. */
function otherBody({ bodySchema, sample }: DescribedCall): object | undefined {
  const { properties = {}, additionalProperties } = (bodySchema ?? {}) as {
    readonly properties?: Readonly<Record<string, JsonSchema>>;
    readonly additionalProperties?: unknown;
  };
  if (additionalProperties !== false) return { ...sample.body, conformance_field: 1 };
  const isText = ({ type, pattern, enum: words }: JsonSchema): boolean => type === "string" && !pattern && !words;
  const [text] = Object.entries(properties).find(([, schema]) => isText(schema)) ?? [];
  return text === undefined ? undefined : { ...sample.body, [text]: "conformance" };
}
