import { readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, expect, it } from "vitest";
import { PAGE_FILES } from "../../app/built-files.ts";
import { createHttpServer } from "../../app/http/server/http-server.ts";
import { HttpBench, lasting } from "./registration/http-bench.ts";

let bench: HttpBench;
let server: FastifyInstance;
beforeAll(async () => {
  bench = await HttpBench.open(lasting);
  server = createHttpServer(bench.host);
});
afterAll(async () => {
  await server.close();
  await bench.close();
});

const page = readFileSync(join(PAGE_FILES, "index.html"));
const asset = /"(\/assets\/[^"]+\.js)"/.exec(page.toString())?.[1] ?? "";
const ask = (url: string, accepted?: string) =>
  server.inject({ method: "GET", url, headers: accepted === undefined ? {} : { "accept-encoding": accepted } });

it.each([
  ["gzip, deflate, br", "br", brotliDecompressSync],
  ["gzip;q=0.5, br;q=0", "gzip", gunzipSync],
  ["deflate", undefined, (content: Buffer) => content],
  [undefined, undefined, (content: Buffer) => content],
])("the page is sent as a browser takes it: %s", async (accepted, encoding, decoded) => {
  const answer = await ask("/", accepted);
  expect(answer.headers).toMatchObject({ "content-type": "text/html; charset=utf-8", "cache-control": "no-cache" });
  expect(answer.headers["content-encoding"]).toBe(encoding);
  expect(decoded(answer.rawPayload)).toEqual(page);
});

it("what has a hash in its name is kept for ever; what there is not is a problem, as no path leads out", async () => {
  const script = await ask(asset, "br");
  expect(script.headers).toMatchObject({
    ...{ "content-type": "text/javascript; charset=utf-8", "cache-control": "public, max-age=31536000, immutable" },
  });
  expect(brotliDecompressSync(script.rawPayload)).toEqual(readFileSync(join(PAGE_FILES, asset)));
  const absent = await ask("/assets/index-00000000.js", "br");
  expect([absent.statusCode, absent.headers["content-encoding"]]).toEqual([404, undefined]);
  expect((await ask("/assets/..%2F..%2Fpackage-00000000.js")).statusCode).toBe(400);
});
