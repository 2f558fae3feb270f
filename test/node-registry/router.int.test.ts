import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, describe, expect, it } from "vitest";
import { RouterApp, serveRouter } from "../../app/modules/node-registry/router.ts";
import { NodeRegistryClient } from "../../client/node-registry-client.ts";
import { ROOT } from "../tidy/sources.ts";
import { type Answer, byteServer, GOOD, NO_LISTS, NODE } from "./byte-server.ts";

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function router(answers: (path: string) => Answer) {
  const registry = await byteServer(({ path }) => answers(path));
  const client = new NodeRegistryClient(registry.url);
  const { server, url } = await serveRouter(new RouterApp(client), { host: "127.0.0.1", port: 0 });
  closing.push(registry.close, () => new Promise((resolve) => server.close(resolve)));
  return { url, asked: registry.asked };
}

describe("a router", () => {
  it("gives the registry's nodes, by role", async () => {
    const { url, asked } = await router(() => GOOD);
    const response = await fetch(`${url}/nodes?role=production-router`);
    expect(await response.json()).toEqual([NODE]);
    expect(response.headers.get("x-stale")).toBeNull();
    expect(asked[0]?.path).toBe("/api/v1/nodes?role=production-router");
  });

  it("gives the last good list while the registry is away, an empty one where there is none, and says so", async () => {
    const answers: Answer[] = [GOOD];
    const { url } = await router(() =>
      answers.length > 0 ? answers.shift() : NO_LISTS["a chunked body without its end"],
    );
    await fetch(`${url}/nodes`);
    const stale = await fetch(`${url}/nodes`);
    expect([stale.status, stale.headers.get("x-stale"), await stale.json()]).toEqual([200, "true", [NODE]]);
    expect(Date.parse(stale.headers.get("x-stale-since") ?? "")).not.toBeNaN();
    const never = await fetch(`${url}/nodes?role=other`);
    expect([never.status, never.headers.get("x-stale"), await never.json()]).toEqual([200, "true", []]);
    expect(never.headers.get("x-stale-since")).toBeNull();
  });

  it("answers what it does not know with an error", async () => {
    const { url, asked } = await router(() => GOOD);
    const statuses = [fetch(`${url}/nodes?rol=x`), fetch(`${url}/`), fetch(`${url}/nodes`, { method: "POST" })];
    expect((await Promise.all(statuses)).map(({ status }) => status)).toEqual([400, 404, 405]);
    expect(asked).toEqual([]);
  });

  it("is a process of its own, which ends when it is told to", async () => {
    const registry = await byteServer(() => GOOD);
    closing.push(registry.close);
    const args = [join(ROOT, "dist/app/rollcall.js"), "router", "--registry-url", registry.url, "--port", "0"];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    const ended = once(child, "exit");
    const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
    const url = /http:\S+\/nodes/.exec(line)?.[0] ?? "";
    expect(await (await fetch(url)).json()).toEqual([NODE]);
    child.kill("SIGTERM");
    expect((await ended)[0]).toBe(0);
  });
});
