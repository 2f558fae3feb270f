import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HttpBench } from "../registration/http-bench.ts";

const PROGRAM = fileURLToPath(new URL("../../../dist/app/rollcall.js", import.meta.url));

let bench: HttpBench;
beforeAll(async () => void (bench = await HttpBench.open()));
afterAll(() => bench.close());

const PAGES = ["/docs", "/docs/api", "/schemas"] as const;
const asPage = { headers: { accept: "text/html,application/xhtml+xml,*/*;q=0.8" } };
const page = async (path: string) => (await bench.ask<string>(path, asPage)).body;
const all = (text: string, pattern: RegExp): readonly string[] =>
  [...text.matchAll(pattern)].map(([, found = ""]) => found);
const idsOf = (text: string) => all(text, / id="([^"]*)"/g);
const linksOf = (text: string) => all(text, / href="([^"]*)"/g).filter((href) => href !== "data:,");

describe("the documents of a server", () => {
  it.each(PAGES)("%s is a page without scripts, inline styles or content of other origins", async (path) => {
    const { status, headers, body } = await bench.ask<string>(path, asPage);
    expect([status, headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
    expect(headers.get("content-security-policy")).toContain("style-src 'self'");
    expect(body).toMatch(/^<!doctype html>\n<html lang="en">/);
    expect(body).not.toMatch(
      /<script|<style| style=| on[a-z]+=|https?:\/\/(?!10\.0\.0\.7|example)[a-z0-9.-]+\/[^"]*"/i,
    );
    expect(all(body, /<h1>([^<]*)<\/h1>/g)).toHaveLength(1);
  });

  it.each(PAGES)("%s has each id once, and every link has a target", async (path) => {
    const text = await page(path);
    const ids = idsOf(text);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
    for (const link of new Set(linksOf(text))) {
      const [target = "", anchor] = link.split("#");
      const { status, body } = target === "" ? { status: 200, body: text } : await bench.ask<unknown>(target, asPage);
      // The dashboard is not built in every checkout.
      if (target !== "/") expect([link, status]).toEqual([link, 200]);
      if (anchor !== undefined) expect([link, idsOf(String(body)).includes(anchor)]).toEqual([link, true]);
    }
  });

  it("/docs lists each topic and each message of the contracts", async () => {
    const { domain } = bench.system;
    const text = await page("/docs");
    const types = [...domain.consumed.map(({ type }) => type), ...domain.topicByEventType.keys()];
    expect(types.filter((type) => !idsOf(text).includes(type))).toEqual([]);
    const topics = [
      ...domain.consumed.map(({ topic }) => topic),
      ...domain.topicByEventType.values(),
      domain.deadLetterTopic,
    ];
    expect(topics.filter((topic) => !text.includes(`<code>${topic}</code>`))).toEqual([]);
    expect(text).toContain("HandlerNodeIntrospected; it renews the deadline liveness of ACTIVE");
    expect(text).toContain("HandlerNodeRegistrationAcked on NodeRegistrationAcked");
    expect(text).toContain("4 partitions");
  });

  it("/docs has examples that a server accepts, as its curl command sends them", async () => {
    const text = (await page("/docs")).replaceAll("&#39;", "'").replaceAll("&quot;", '"');
    const bodies = all(text, / -d '(.*)' \\$/gm);
    expect(bodies).toHaveLength(bench.system.domain.consumed.length);
    for (const body of bodies) {
      const init = { method: "POST", headers: { "content-type": "application/json" }, body };
      expect((await bench.ask("/api/v1/events", init)).status).toBe(202);
    }
  });

  it("/docs/api lists each route, who may use it, and its parameters", async () => {
    const text = await page("/docs/api");
    const { paths } = (await bench.ask<{ paths: Record<string, object> }>("/openapi.json")).body;
    const routes = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(routes.length).toBeGreaterThan(15);
    expect(routes.filter((route) => !text.includes(`<code>${route}</code></a></h2>`))).toEqual([]);
    const section = (route: string) =>
      text.split("<section ").find((part) => part.includes(`<code>${route}</code></a></h2>`));
    expect(section("GET /health/live")).toContain("May be used by: anyone, also without a token.");
    expect(section("GET /metrics")).toContain("May be used by: readers; operators.");
    expect(section("POST /api/v1/dead-letters/{id}/retry")).toContain("May be used by: operators.");
    expect(section("GET /api/v1/registrations")).toMatch(/<code>capability<\/code>.*a capability that the node has/);
  });

  it("/schemas lists the schemas for programs, each at its address", async () => {
    const { body, headers } = await bench.ask<{ schemas: { type: string; schema: string }[] }>("/schemas");
    expect(headers.get("vary")).toContain("accept");
    expect(body.schemas.map(({ type }) => type)).toContain("NodeIntrospectionEvent");
    for (const { type, schema } of body.schemas) {
      const answer = await bench.ask(schema);
      expect([answer.status, answer.headers.get("content-type"), answer.body["title"]]).toEqual([
        200,
        "application/schema+json",
        type,
      ]);
    }
    for (const file of ["Nothing.schema.json", "NodeUpdated", "__proto__.schema.json", "..%2f..%2fpackage.json"])
      expect((await bench.ask(`/schemas/messages/${file}`)).status).toBe(404);
  });
});

it("rollcall contracts schemas writes the files that the server serves", async () => {
  const folder = mkdtempSync(join(tmpdir(), "rollcall-schemas-"));
  const out = join(folder, "made");
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, "contracts", "schemas", "--out", out]);
    expect(stdout).toBe(`${out}: 13 JSON Schemas of the domain registration\n`);
    for (const file of readdirSync(out))
      expect(JSON.parse(readFileSync(join(out, file), "utf8"))).toEqual(
        (await bench.ask(`/schemas/messages/${file}`)).body,
      );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
